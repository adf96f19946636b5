/** Do requests that released clients really sent verify, and does a change of any one character undo that? */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAuthorization } from "../../core/app/identity/authorization-header.ts";
import type { SignedRequest } from "../../core/app/identity/canonical-request.ts";
import { IdentityFailure } from "../../core/app/identity/principal.ts";
import { checkSignable, isSignedBy } from "../../core/app/identity/signature.ts";

interface Recorded {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}
interface Vectors {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly requests: readonly Recorded[];
  readonly refused?: readonly Recorded[];
}

const read = (name: string): Vectors =>
  JSON.parse(readFileSync(new URL(`../fixtures/signatures/${name}.json`, import.meta.url), "utf8")) as Vectors;

const signedAt = (recorded: Recorded): number => {
  const date = recorded.headers["x-sdk-date"] ?? "";
  return Date.parse(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z"));
};

function requestOf({ method, target, headers, body = "" }: Recorded): SignedRequest {
  const [rawPath = "", rawQueryString = ""] = target.split(/\?(.*)/s, 2);
  return { method, rawPath, rawQueryString, headers, body: Buffer.from(body) };
}

interface Secret {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** As the service decides: what is refused, names a key that nobody has, or does not match, is a no. */
function accepted(recorded: Recorded, { accessKey, secretKey }: Secret, now: number): boolean {
  try {
    const request = requestOf(recorded);
    const authorization = parseAuthorization(request.headers.authorization ?? "");
    checkSignable(request, authorization, now);
    return authorization.accessKey === accessKey && isSignedBy(secretKey, request, authorization);
  } catch (error) {
    if (error instanceof IdentityFailure) return false;
    throw error;
  }
}

/** The text with the character at each place changed to another one of its kind, one at a time. */
function* changes(text: string, from = 0): Generator<string> {
  for (let i = from; i < text.length; i++) {
    const c = text[i] ?? "";
    const other = /[0-9]/.test(c) ? String((Number(c) + 1) % 10) : c === "x" ? "y" : "x";
    yield text.slice(0, i) + other + text.slice(i + 1);
  }
}

function* mutants(recorded: Recorded): Generator<[what: string, mutant: Recorded]> {
  const { signedHeaders } = parseAuthorization(recorded.headers.authorization ?? "");
  for (const name of [...signedHeaders.split(";"), "authorization"])
    for (const value of changes(recorded.headers[name] ?? ""))
      yield [`${name}: ${value}`, { ...recorded, headers: { ...recorded.headers, [name]: value } }];
  // The leading slash and the question mark are the frame of the target; what stands between is the text.
  for (const target of changes(recorded.target, 1))
    if (target.indexOf("?") === recorded.target.indexOf("?")) yield [`target ${target}`, { ...recorded, target }];
  for (const body of changes(recorded.body ?? "")) yield [`body ${body}`, { ...recorded, body }];
  for (const method of ["GET", "POST", "PUT", "DELETE"])
    if (method !== recorded.method) yield [`method ${method}`, { ...recorded, method }];
  yield [
    "a query appended",
    { ...recorded, target: `${recorded.target}${recorded.target.includes("?") ? "&" : "?"}a=b` },
  ];
  yield ["a body appended", { ...recorded, body: `${recorded.body ?? ""} ` }];
}

describe.each(["huaweicloudsdkcbr", "gophertelekomcloud"])("requests recorded from %s", (client) => {
  const { requests, refused = [], ...secret } = read(client);

  it("are enough to speak of: bodies, queries and deletions among them", () => {
    expect(requests.length).toBeGreaterThanOrEqual(6);
    expect(requests.some(({ method, body }) => method === "POST" && body !== undefined)).toBe(true);
    expect(requests.some(({ method, target }) => method === "GET" && target.includes("?"))).toBe(true);
    expect(requests.some(({ method }) => method === "DELETE")).toBe(true);
  });

  it.each(requests.map((recorded) => [`${recorded.method} ${recorded.target}`, recorded] as const))(
    "%s verifies",
    (_, recorded) => {
      expect(accepted(recorded, secret, signedAt(recorded))).toBe(true);
    },
  );

  it.each(requests.map((recorded) => [`${recorded.method} ${recorded.target}`, recorded] as const))(
    "%s is refused when any one character of it is another",
    (_, recorded) => {
      const undetected: string[] = [];
      let tried = 0;
      for (const [what, mutant] of mutants(recorded)) {
        tried += 1;
        if (accepted(mutant, secret, signedAt(recorded))) undetected.push(what);
      }
      expect(undetected).toEqual([]);
      expect(tried).toBeGreaterThan(100);
    },
  );

  it("are refused under another secret key", () => {
    for (const recorded of requests)
      for (const other of changes(secret.secretKey))
        expect(accepted(recorded, { ...secret, secretKey: other }, signedAt(recorded))).toBe(false);
  });

  it("hold for 15 minutes either way, and not a second longer", () => {
    const window = 15 * 60 * 1000;
    for (const recorded of requests) {
      const at = signedAt(recorded);
      const verdicts = [-window - 1000, -window, window, window + 1000].map((skew) =>
        accepted(recorded, secret, at + skew),
      );
      expect(verdicts).toEqual([false, true, true, false]);
    }
  });

  it("verify alike when a gateway decoded the path once", () => {
    for (const recorded of requests) {
      const [path = "", query] = recorded.target.split("?");
      const decoded = {
        ...recorded,
        target: [decodeURIComponent(path), ...(query === undefined ? [] : [query])].join("?"),
      };
      expect(accepted(decoded, secret, signedAt(recorded))).toBe(true);
    }
  });

  it("are refused where the client itself leaves values unsigned", () => {
    for (const recorded of refused) expect(accepted(recorded, secret, signedAt(recorded))).toBe(false);
    expect(refused.length).toBe(client === "gophertelekomcloud" ? 1 : 0);
  });
});
