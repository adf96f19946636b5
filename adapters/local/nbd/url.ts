/** How is an NBD export named? By a URL: doc/uri.md of NetworkBlockDevice/nbd, without TLS. */
import { resolve } from "node:path";
import { STRING_MAX_BYTES } from "./protocol.ts";

/** The port that IANA gave to NBD. */
const DEFAULT_PORT = 10_809;
/** `sun_path` of unix(7) has 108 bytes, the last of them NUL. */
const SOCKET_MAX_BYTES = 107;

/** One export of one server. */
export interface NbdAddress {
  /** The URL again, in one spelling: same export, same text. */
  readonly url: string;
  /** The export's name, decoded; often empty. */
  readonly exportName: string;
  readonly server: { readonly path: string } | { readonly host: string; readonly port: number };
}

/** A text is no NBD URL; the message names the part and the rule. */
export class NbdUrlInvalid extends Error {
  override readonly name = "NbdUrlInvalid";
}

/** Does a text claim to be an NBD URL (also one that is refused, as of TLS)? */
export function isNbdUrl(text: string): boolean {
  return /^nbds?(\+[a-z]+)?:/i.test(text);
}

/**
 * Takes `nbd://HOST[:PORT]/NAME` and `nbd+unix:///NAME?socket=PATH` apart. A relative PATH is taken from the working directory.
 * @throws NbdUrlInvalid naming the part
 */
export function parseNbdUrl(text: string): NbdAddress {
  const invalid = (why: string): never => {
    throw new NbdUrlInvalid(`${text}: ${why}`);
  };
  const decoded = (part: string, value: string): string => {
    try {
      const plain = decodeURIComponent(value);
      return plain.includes("\0") ? invalid(`${part}: must not contain a NUL byte`) : plain;
    } catch (error) {
      if (error instanceof URIError) return invalid(`${part}: has a % that no two hexadecimal digits follow`);
      throw error;
    }
  };
  const parts = /^([^:/?#]*):\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?(#.*)?$/.exec(text);
  if (parts === null) return invalid("is no NBD URL: nbd://HOST[:PORT]/NAME or nbd+unix:///NAME?socket=PATH");
  const [, scheme = "", authority = "", path = "", query, fragment] = parts;
  const kind = scheme.toLowerCase();
  if (kind === "nbds" || kind === "nbds+unix") return invalid(`scheme ${kind}: TLS is not supported`);
  if (kind !== "nbd" && kind !== "nbd+unix") return invalid(`scheme "${scheme}": must be nbd or nbd+unix`);
  if (fragment !== undefined) return invalid("fragment: must be absent; write # in a name as %23");
  const exportName = decoded("export name", path.slice(1));
  if (Buffer.byteLength(exportName) > STRING_MAX_BYTES)
    return invalid(`export name: must not be longer than ${STRING_MAX_BYTES} bytes`);
  const name = encodeURIComponent(exportName);
  if (kind === "nbd") {
    if (query !== undefined && query !== "") return invalid("query: an nbd URL has none (a socket needs nbd+unix)");
    const server = hostAndPort(authority, invalid);
    const host = server.host.includes(":") ? `[${server.host}]` : server.host;
    return { url: `nbd://${host}:${server.port}/${name}`, exportName, server };
  }
  if (authority !== "") return invalid(`host "${authority}": must be empty, as in nbd+unix:///NAME?socket=PATH`);
  const socket = resolve(decoded("socket", socketIn(query ?? "", invalid)));
  if (Buffer.byteLength(socket) > SOCKET_MAX_BYTES)
    return invalid(`socket: ${socket} is longer than ${SOCKET_MAX_BYTES} bytes, which no system can connect to`);
  const encoded = encodeURIComponent(socket).replaceAll("%2F", "/");
  return { url: `nbd+unix:///${name}?socket=${encoded}`, exportName, server: { path: socket } };
}

function hostAndPort(authority: string, invalid: (why: string) => never): { host: string; port: number } {
  if (authority.includes("@")) return invalid("user: must be absent, it is of use with TLS only");
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*))(?::([^:]*))?$/.exec(authority);
  if (parts === null) return invalid(`host "${authority}": an IPv6 address is written in brackets`);
  const [, address, name = "", port] = parts;
  const host = address ?? name;
  if (host === "") return invalid("host: is missing");
  if (port === undefined || port === "") return { host, port: DEFAULT_PORT };
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  return number >= 1 && number <= 65_535 ? { host, port: number } : invalid(`port "${port}": must be 1 to 65535`);
}

function socketIn(query: string, invalid: (why: string) => never): string {
  const sockets: string[] = [];
  for (const parameter of query.split("&").filter((each) => each !== "")) {
    const [key = "", ...rest] = parameter.split("=");
    if (key !== "socket") return invalid(`query: "${key}" is not known, only socket is`);
    sockets.push(rest.join("="));
  }
  const [socket = "", ...more] = sockets;
  if (more.length > 0) return invalid("socket: is given more than once");
  return socket === "" ? invalid("socket: is missing, as in nbd+unix:///NAME?socket=PATH") : socket;
}
