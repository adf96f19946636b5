/** A stand-in for the service: checks every signature by the published recipe and answers from a table. */
import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export const projectId = "aaaabbbbccccddddeeeeffff00001111";
export const accessKey = "ACCESSKEYOFTHETESTS1";
export const secretKey = "secret-key-of-the-tests-0123456789abcdef";

export interface Seen {
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly body: unknown;
}
/** What a route answers: a body (200), or status and body. */
export type Reply = object | readonly [status: number, body: object];
/** `METHOD /path-without-project` → answers, in order; the last one is repeated. */
export type Routes = Readonly<Record<string, readonly Reply[] | ((seen: Seen) => Reply)>>;

export interface FakeService {
  readonly url: string;
  readonly requests: Seen[];
  /** Requests so far, as `METHOD /path`. */
  calls(): string[];
  close(): Promise<void>;
}

const hex = (text: string | Buffer): string => createHash("sha256").update(text).digest("hex");

/** RFC 3986: everything but letters, digits and `-_.~` as upper-case hex of its UTF-8 bytes. */
function percent(text: string): string {
  return [...Buffer.from(text, "utf8")]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9\-_.~]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}

/** Why the signature is not good; undefined when it is. Written from the recipe, not from the client. */
export function signatureProblem(
  request: {
    readonly method: string;
    readonly target: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Buffer;
  },
  now: number,
): string | undefined {
  const given = /^SDK-HMAC-SHA256 Access=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
    request.headers.authorization ?? "",
  );
  if (given === null) return "no signature";
  const [, access, names = "", signature] = given;
  if (access !== accessKey) return "unknown access key";
  const date = request.headers["x-sdk-date"] ?? "";
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  const at = Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s));
  if (!(Math.abs(at - now) <= 15 * 60_000)) return "time";
  if (!names.split(";").includes("x-sdk-date")) return "time not signed";

  const [path = "", query = ""] = request.target.split("?", 2);
  const uri = path.split("/").map((segment) => percent(decodeURIComponent(segment)));
  const decode = (text: string): string => decodeURIComponent(text.replaceAll("+", " "));
  const pairs = query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const at = pair.indexOf("=");
      return at < 0
        ? [percent(decode(pair)), ""]
        : [percent(decode(pair.slice(0, at))), percent(decode(pair.slice(at + 1)))];
    })
    .map(([key, value]) => `${key}=${value}`);
  // Neither an encoded key nor an encoded value holds "=" or a byte below "-": sorting the pairs sorts by key, then value.
  pairs.sort((a, b) => {
    const [ak = "", av = ""] = a.split("=");
    const [bk = "", bv = ""] = b.split("=");
    return ak === bk
      ? Buffer.compare(Buffer.from(av), Buffer.from(bv))
      : Buffer.compare(Buffer.from(ak), Buffer.from(bk));
  });
  const canonical = [
    request.method,
    `${uri.join("/")}${path.endsWith("/") ? "" : "/"}`,
    pairs.join("&"),
    ...names.split(";").map((name) => `${name}:${(request.headers[name] ?? "").trim()}`),
    "",
    names,
    hex(request.body),
  ].join("\n");
  const expected = createHmac("sha256", secretKey)
    .update(`SDK-HMAC-SHA256\n${date}\n${hex(canonical)}`)
    .digest("hex");
  return expected === signature ? undefined : "wrong signature";
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Starts a service on a free port of the loopback interface. */
export async function startFakeService(routes: Routes): Promise<FakeService> {
  const requests: Seen[] = [];
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    void (async () => {
      const body = await bodyOf(request);
      const target = request.url ?? "";
      const method = request.method ?? "";
      const seen: Seen = { method, target, body: body.length === 0 ? undefined : JSON.parse(body.toString()) };
      requests.push(seen);
      const headers = Object.fromEntries(Object.entries(request.headers).map(([k, v]) => [k, String(v)]));
      const problem = signatureProblem({ method, target, headers, body }, Date.now());
      const [status, answer] =
        problem === undefined ? replyTo(seen) : [401, { error_code: "APIGW.0301", error_msg: problem }];
      response.writeHead(status, { "content-type": "application/json", "x-request-id": "req-1" });
      response.end(status === 204 ? undefined : JSON.stringify(answer));
    })();
  });

  function replyTo(seen: Seen): readonly [number, object] {
    const path = (seen.target.split("?")[0] ?? "").replace(`/v3/${projectId}/`, "/");
    const key = `${seen.method} ${path}`;
    const route = routes[key];
    if (route === undefined) return [404, { error_code: "BackupService.0000", error_msg: `no route ${key}` }];
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    const reply = typeof route === "function" ? route(seen) : route[Math.min(count, route.length - 1)];
    return Array.isArray(reply) ? (reply as [number, object]) : [200, reply as object];
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    calls: () => requests.map(({ method, target }) => `${method} ${target.replace(`/v3/${projectId}/`, "/")}`),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
