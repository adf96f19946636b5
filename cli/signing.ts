/** How is a request signed? SDK-HMAC-SHA256 in the flat dialect: one HMAC over a canonical form of the request. */
import { createHash, createHmac } from "node:crypto";

/** A request as it will be sent. */
export interface Unsigned {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. All of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** Exactly the bytes that are sent; empty for none. */
  readonly body: string;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Percent-encodes everything but the unreserved characters of RFC 3986. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Path with encoded segments and a final slash. */
function canonicalPath(pathname: string): string {
  const path = pathname
    .split("/")
    .map((segment) => encode(decodeURIComponent(segment)))
    .join("/");
  return path.endsWith("/") ? path : `${path}/`;
}

function canonicalQuery(query: URLSearchParams): string {
  const pairs = [...query].map(([key, value]): [string, string] => [encode(key), encode(value)]);
  return pairs
    .toSorted(([k1, v1], [k2, v2]) => order(k1, k2) || order(v1, v2))
    .map(([key, value]) => `${key}=${value}`)
    .join("&");
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** `YYYYMMDDTHHMMSSZ`, UTC. `now`: epoch milliseconds. */
function signingTime(now: number): string {
  return new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

/** The headers to send: those given, the time and the signature. `now`: epoch milliseconds. */
export function sign(
  request: Unsigned,
  key: { readonly accessKey: string; readonly secretKey: string },
  now: number,
): Record<string, string> {
  const time = signingTime(now);
  const headers: Record<string, string> = { ...request.headers, host: request.url.host, "x-sdk-date": time };
  const names = Object.keys(headers).toSorted();
  const canonical = [
    request.method,
    canonicalPath(request.url.pathname),
    canonicalQuery(request.url.searchParams),
    names.map((name) => `${name}:${headers[name]?.trim()}\n`).join(""),
    names.join(";"),
    sha256(request.body),
  ].join("\n");
  const signature = createHmac("sha256", key.secretKey)
    .update(`SDK-HMAC-SHA256\n${time}\n${sha256(canonical)}`)
    .digest("hex");
  return {
    ...headers,
    authorization: `SDK-HMAC-SHA256 Access=${key.accessKey}, SignedHeaders=${names.join(";")}, Signature=${signature}`,
  };
}
