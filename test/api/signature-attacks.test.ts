/** What happens to signed requests that somebody changed, composed or half-signed? */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { echo, eventOf, type IdentityHost, identityHost } from "./kit/identity-host.ts";
import { signFlat, signScoped, type ToSign, targetOf } from "./kit/test-signer.ts";

let host: IdentityHost;
let project: string;
let token: string;
beforeAll(async () => {
  host = await identityHost({ ListVault: echo, CreateVault: echo });
  project = host.credentials.project_id;
  const { user_name: name, password } = host.credentials;
  const auth = { identity: { methods: ["password"], password: { user: { name, password } } } };
  token = (await host.api(eventOf("POST", "/v3/auth/tokens", { body: { auth } }))).headers["X-Subject-Token"] ?? "";
});
afterAll(() => host.close());

const call = (method: string, target: string, more: { headers?: Record<string, string> } = {}) =>
  host.api(eventOf(method, target, { headers: { "x-auth-token": token, ...more.headers } }));

describe("attacks on signatures", () => {
  const sha = (text: string) => createHash("sha256").update(text).digest("hex");
  const base = (more: Partial<ToSign> = {}): ToSign => ({
    method: "POST",
    segments: ["v3", project, "vaults"],
    query: [],
    headers: { "x-sdk-date": "20300102T030405Z" },
    body: '{"vault":{}}',
    ...more,
  });
  const sent = (
    toSign: ToSign,
    authorization: string,
    more: Partial<{ headers: Record<string, string>; body: string; target: string }> = {},
  ) =>
    host.api(
      eventOf(toSign.method, more.target ?? targetOf(toSign), {
        headers: { ...toSign.headers, authorization, ...more.headers },
        body: more.body ?? toSign.body,
      }),
    );
  const flat = (toSign: ToSign) => signFlat(toSign, host.credentials.access_key, host.credentials.secret_key);
  const scoped = (toSign: ToSign) => signScoped(toSign, host.credentials.access_key, host.credentials.secret_key);
  const said = async (result: ReturnType<typeof sent>) => {
    const { statusCode, body } = await result;
    return `${statusCode} ${(JSON.parse(body ?? "{}") as { error_msg?: string }).error_msg ?? ""}`;
  };

  it("a signed request is accepted twice: clients send equal requests on purpose (hazards C4)", async () => {
    const toSign = base();
    for (const authorization of [flat(toSign), flat(toSign), scoped(toSign)])
      expect((await sent(toSign, authorization)).statusCode).toBe(200);
  });

  it("a digest in place of the body must be the body's", async () => {
    const swapped = base({ headers: { ...base().headers, "x-sdk-content-sha256": sha('{"vault":{}}') } });
    expect((await sent(swapped, flat(swapped))).statusCode).toBe(200);
    expect(await said(sent(swapped, flat(swapped), { body: '{"evil":{}}' }))).toBe(
      "401 X-Sdk-Content-Sha256: is not the SHA-256 of the body",
    );
    const open = base({ headers: { ...base().headers, "x-sdk-content-sha256": "UNSIGNED-PAYLOAD" } });
    expect(await said(sent(open, flat(open)))).toBe(
      "401 X-Sdk-Content-Sha256: UNSIGNED-PAYLOAD is refused on a request with a body",
    );
    const bare = base({ ...open, method: "GET", body: "" });
    expect((await sent(bare, flat(bare))).statusCode).toBe(200);
    const unsigned = base();
    expect(
      (await sent(unsigned, flat(unsigned), { body: "{}", headers: { "x-sdk-content-sha256": sha('{"vault":{}}') } }))
        .statusCode,
    ).toBe(401);
  });

  it("a repeated parameter, of which the scoped dialect signs only the first value, is refused", async () => {
    const toSign = base({ method: "GET", query: [["status", "available"]], body: "" });
    const target = `${targetOf(toSign)}&status=error`;
    expect(await said(sent(toSign, scoped(toSign), { target }))).toContain("401 the query repeats a parameter");
    const post = base({ query: [["a", "1"]] });
    expect((await sent(post, scoped(post), { target: `${targetOf(post)}&a=2` })).statusCode).toBe(401);
  });

  it("the query of a scoped POST without body is signed through its digest, which no header may replace", async () => {
    const toSign = base({ query: [["a", "1"]], body: "" });
    const target = `${targetOf(toSign)}&b=2`;
    const headers = { "x-sdk-content-sha256": sha("a=1") };
    expect((await sent(toSign, scoped(toSign), { target, headers })).statusCode).toBe(401);
    expect((await sent(toSign, scoped(toSign), { target })).statusCode).toBe(401);
    expect((await sent(toSign, scoped(toSign))).statusCode).toBe(400); // verified; then the missing body is what is wrong
  });

  it("the date must be there, signed, well-formed, of the credential's day and near", async () => {
    const toSign = base();
    const good = flat(toSign);
    expect(await said(sent({ ...toSign, headers: {} }, good))).toBe(
      "401 Authorization: the signed header x-sdk-date is missing",
    );
    const other = base({ headers: { host: "127.0.0.1:8700" } });
    expect(await said(sent(other, flat(other), { headers: { "x-sdk-date": "20300102T030405Z" } }))).toBe(
      "401 Authorization: X-Sdk-Date must be among SignedHeaders",
    );
    for (const date of ["2030-01-02T03:04:05Z", "20300230T030405Z", "20300102T030405", ""]) {
      const odd = base({ headers: { "x-sdk-date": date } });
      expect(await said(sent(odd, flat(odd)))).toBe("401 X-Sdk-Date: must be YYYYMMDDTHHMMSSZ in UTC");
    }
    const old = base({ headers: { "x-sdk-date": "20300102T024904Z" } });
    expect(await said(sent(old, flat(old)))).toBe("401 X-Sdk-Date: is more than 15 minutes from the service's clock");
    const day = scoped(toSign).replace("/20300102/", "/20300101/");
    expect(await said(sent(toSign, day))).toBe("401 Authorization: the date of Credential must be that of X-Sdk-Date");
  });

  it.each([
    [
      "V11-HMAC-SHA256 Credential=a/20300102/r/s, SignedHeaders=x-sdk-date, Signature=0",
      "V11-HMAC-SHA256 is not supported",
    ],
    ["SDK-HMAC-SM3 Access=a, SignedHeaders=x-sdk-date, Signature=0", "SDK-HMAC-SM3 is not supported"],
    ["Bearer abc", "Bearer is not supported"],
    ["SDK-HMAC-SHA256", "must be `SDK-HMAC-SHA256 Access="],
    ["SDK-HMAC-SHA256 Access=a, SignedHeaders=x-sdk-date", "Signature is missing"],
    ["SDK-HMAC-SHA256 Access=a, SignedHeaders=X-Sdk-Date, Signature=0", "SignedHeaders must be lower-case"],
    ["SDK-HMAC-SHA256 Access=a, SignedHeaders=x-sdk-date, Signature=0", "Signature must be 64"],
    [
      `SDK-HMAC-SHA256 Access=a, Credential=a/20300102///sdk_request, SignedHeaders=x-sdk-date, Signature=${"0".repeat(64)}`,
      "exactly Access or Credential",
    ],
    [
      `SDK-HMAC-SHA256 Credential=a/20300102/sdk_request, SignedHeaders=x-sdk-date, Signature=${"0".repeat(64)}`,
      "Credential must be",
    ],
    [
      `SDK-HMAC-SHA256 Access=a, SignedHeaders=x-sdk-date;x-sdk-date, Signature=${"0".repeat(64)}`,
      "names a header twice",
    ],
  ])("an Authorization header %s says what is wrong with it", async (authorization, message) => {
    const answer = await said(sent(base(), authorization));
    expect(answer).toMatch(/^401 /);
    expect(answer).toContain(message);
  });

  it("a proxy's Authorization beside a token does no harm, but a broken signature beside a token does", async () => {
    const target = `/v3/${project}/vaults`;
    expect((await call("GET", target, { headers: { authorization: "Basic abc" } })).statusCode).toBe(200);
    const signature = `SDK-HMAC-SHA256 Access=a, SignedHeaders=x-sdk-date, Signature=${"0".repeat(64)}`;
    const headers = { authorization: signature, "x-sdk-date": "20300102T030405Z" };
    expect((await call("GET", target, { headers })).statusCode).toBe(401);
  });

  it.each(["", " ", "hf-", "\u0000", "x".repeat(8000)])("an odd token (%j) is a 401", async (odd) => {
    expect((await call("GET", `/v3/${project}/vaults`, { headers: { "x-auth-token": odd } })).statusCode).toBe(401);
  });
});
