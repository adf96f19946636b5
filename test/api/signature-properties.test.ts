/** Whatever a client may sign, in either dialect, verifies; whatever is changed afterwards does not. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAuthorization } from "../../core/app/identity/authorization-header.ts";
import type { SignedRequest } from "../../core/app/identity/canonical-request.ts";
import { pathSegments, queryPairs } from "../../core/app/identity/canonical-request.ts";
import { checkSignable, isSignedBy } from "../../core/app/identity/signature.ts";
import { signFlat, signScoped, type ToSign, targetOf } from "./kit/test-signer.ts";

const SECRET = "ExampleSecretKeyThatOpensNothing00000001";
const NOW = Date.parse("2030-01-02T03:04:05Z");

const text = fc.string({ unit: "binary", maxLength: 12 }).filter((s) => s.isWellFormed());
const anyRequest = fc.record({
  method: fc.constantFrom("GET", "POST", "PUT", "DELETE"),
  segments: fc.array(
    text.filter((s) => s !== ""),
    { minLength: 1, maxLength: 5 },
  ),
  query: fc.uniqueArray(
    fc.tuple(
      text.filter((s) => s !== ""),
      text,
    ),
    { maxLength: 4, selector: ([key]) => key.toLowerCase() },
  ),
  agent: fc.stringMatching(/^[ -~]{1,20}$/),
  body: fc.string({ maxLength: 40 }),
});

const dialects = [
  ["flat", signFlat],
  ["scoped", signScoped],
] as const;

function signed(toSign: ToSign, sign: typeof signFlat): SignedRequest {
  const [rawPath = "", rawQueryString = ""] = targetOf(toSign).split(/\?(.*)/s, 2);
  const headers = { ...toSign.headers, authorization: sign(toSign, "HFEXAMPLEACCESSKEY01", SECRET) };
  return { method: toSign.method, rawPath, rawQueryString, headers, body: Buffer.from(toSign.body) };
}

function verifies(request: SignedRequest): boolean {
  const authorization = parseAuthorization(request.headers.authorization ?? "");
  checkSignable(request, authorization, NOW);
  return isSignedBy(SECRET, request, authorization);
}

describe.each(dialects)("the %s dialect", (_, sign) => {
  it("verifies every path, query, header and body that was signed", () => {
    fc.assert(
      fc.property(anyRequest, ({ agent, ...rest }) => {
        const headers = { host: "h:1", "user-agent": agent, "x-sdk-date": "20300102T030405Z" };
        expect(verifies(signed({ ...rest, headers }, sign))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("verifies nothing that means something else than what was signed", () => {
    fc.assert(
      fc.property(anyRequest, anyRequest, ({ agent, ...rest }, other) => {
        const headers = { "user-agent": agent, "x-sdk-date": "20300102T030405Z" };
        const request = signed({ ...rest, headers }, sign);
        const elsewhere = signed({ ...other, headers }, sign);
        for (const part of ["rawPath", "rawQueryString", "body", "method"] as const) {
          const mixed = { ...request, [part]: elsewhere[part] };
          const same =
            mixed.method === request.method &&
            Buffer.compare(mixed.body, request.body) === 0 &&
            meaning(mixed) === meaning(request);
          expect(verifies(mixed)).toBe(same);
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** What path and query say: a slash at the end, and the order of different parameters, say nothing. */
function meaning({ rawPath, rawQueryString }: SignedRequest): string {
  const segments = pathSegments(rawPath);
  return JSON.stringify([segments, [...queryPairs(rawQueryString)].sort()]);
}
