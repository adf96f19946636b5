/** Tokens that are revoked, and access keys that hold for a while with their security token (cbr-api 3, 4.2). */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AdminOrder } from "../../core/app/identity/admin/orders.ts";
import { administer } from "../../functions/api/administration.ts";
import type { ApiRequest } from "../../functions/api/kit/request.ts";
import { keyOf, logIn, order, PASSWORD, send, tokenOf, userWith, verdictOf } from "./kit/accounts.ts";
import { bodyOf, echo, type IdentityHost, identityHost } from "./kit/identity-host.ts";

let host: IdentityHost;
beforeEach(async () => {
  host = await identityHost({ ListVault: echo });
  await userWith(host, "ann", "CBR FullAccess");
});
afterEach(() => host.close());

type Who = Parameters<typeof send>[3];
const TARGET = "/v3.0/OS-CREDENTIAL/securitytokens";
const status = async (who: Who) =>
  (await send(host, "GET", `/v3/${host.credentials.project_id}/vaults`, who)).statusCode;

interface Temporary {
  readonly key: { readonly access_key: string; readonly secret_key: string };
  readonly security: string;
  readonly expires: string;
}

const ask = (who: Who, token: object = {}) =>
  send(host, "POST", TARGET, { ...who, body: { auth: { identity: { methods: ["token"], token } } } });

async function temporary(who: Who, token: object = {}): Promise<Temporary> {
  const result = await ask(who, token);
  expect(result.statusCode).toBe(201);
  const { credential } = bodyOf<{ credential: Record<string, string> }>(result);
  const { access = "", secret = "", securitytoken = "", expires_at = "" } = credential;
  return { key: { access_key: access, secret_key: secret }, security: securitytoken, expires: expires_at };
}

describe("POST /v3.0/OS-CREDENTIAL/securitytokens", () => {
  it("gives access key, secret, security token and end to who sends a token in the header or in the body", async () => {
    const token = await tokenOf(host, "ann");
    for (const asked of [{}, { id: token }, { id: token, duration_seconds: "900" }]) {
      const { key, security, expires } = await temporary({ token }, asked);
      expect(key.access_key).toMatch(/^HFT[A-Z0-9]{17}$/);
      expect(expires).toBe("2030-01-02T03:19:05.000000Z");
      expect(await status({ key, security })).toBe(200);
    }
  });

  it("gives them for a signature, too, and nothing of them is stored in clear", async () => {
    const { key, security } = await temporary({ key: await keyOf(host, "ann") }, { duration_seconds: 86_400 });
    expect(await status({ key, security })).toBe(200);
    const stored = JSON.stringify(await host.records.get({ pk: `AK#${key.access_key}`, sk: "A" }));
    for (const secret of [key.secret_key, security]) expect(stored).not.toContain(secret);
  });

  it.each([899, 86_401, "899", 900.5])("refuses %s seconds: 15 minutes to 24 hours", async (seconds) => {
    const result = await ask({ token: await tokenOf(host, "ann") }, { duration_seconds: seconds });
    expect(result.statusCode).toBe(400);
    expect(bodyOf(result).error).toMatchObject({
      message: "auth.identity.token.duration_seconds: must be a whole number from 900 to 86400",
    });
  });

  it("refuses agencies, other people's tokens, and temporary keys that ask for more", async () => {
    const token = await tokenOf(host, "ann");
    const agency = { auth: { identity: { methods: ["assume_role"] } } };
    expect((await send(host, "POST", TARGET, { token, body: agency })).statusCode).toBe(400);
    const others = await tokenOf(host, "admin", host.credentials.password);
    expect((await ask({ token }, { id: others })).statusCode).toBe(401);
    const { key, security } = await temporary({ token });
    expect((await ask({ key, security })).statusCode).toBe(403);
  });
});

describe("a temporary key", () => {
  it("is refused without its security token, with another one, and one is refused beside a permanent key", async () => {
    const token = await tokenOf(host, "ann");
    const [one, other] = [await temporary({ token }), await temporary({ token })];
    expect(await status({ key: one.key })).toBe(401);
    expect(await status({ key: one.key, security: other.security })).toBe(401);
    expect(await status({ key: host.credentials, security: one.security })).toBe(401);
    expect(await status({ key: one.key, security: one.security })).toBe(200);
  });

  it("ends to the millisecond, also when it was used just before", async () => {
    const { key, security } = await temporary({ token: await tokenOf(host, "ann") });
    host.clock.now += 900_000 - 1;
    expect(await status({ key, security })).toBe(200);
    host.clock.now += 1;
    expect(await status({ key, security })).toBe(401);
  });

  it("ends no later than the token that it was got with", async () => {
    const token = await tokenOf(host, "ann");
    host.clock.now += 86_400_000 - 60_000;
    const { key, security, expires } = await temporary({ token });
    expect(expires).toBe("2030-01-03T03:04:05.000000Z");
    host.clock.now += 60_000;
    expect(await status({ key, security })).toBe(401);
  });

  it("dies with the password, the permanent key, or the user that it was got with", async () => {
    const permanent = await keyOf(host, "ann");
    const [byToken, byKey] = [
      await temporary({ token: await tokenOf(host, "ann") }),
      await temporary({ key: permanent }),
    ];
    const both = async () => [await status(byToken), await status(byKey)];
    expect(await both()).toEqual([200, 200]);
    await order(host, { action: "user-password", user: "ann", password: "battery staple" });
    expect(await both()).toEqual([401, 200]);
    await order(host, { action: "key-revoke", access_key: permanent.access_key });
    expect(await both()).toEqual([401, 401]);
    const last = await temporary({ token: await tokenOf(host, "ann", "battery staple") });
    await order(host, { action: "user-delete", user: "ann" });
    expect(await status(last)).toBe(401);
  });

  it("reaches what its user reaches, and no more", async () => {
    await userWith(host, "bob", "CBR ReadOnlyAccess");
    const { key, security } = await temporary({ token: await tokenOf(host, "bob") });
    const created = await send(host, "POST", `/v3/${host.credentials.project_id}/vaults`, { key, security, body: {} });
    expect(verdictOf(created)).toEqual([403, "APIGW.0302"]);
  });
});

describe("DELETE /v3/auth/tokens", () => {
  const revoke = (token: string, subject: string) =>
    send(host, "DELETE", "/v3/auth/tokens", { token, headers: { "x-subject-token": subject } });

  it("ends the token in X-Subject-Token at once: 204, and 404 the second time", async () => {
    const [kept, ended] = [await tokenOf(host, "ann"), await tokenOf(host, "ann")];
    expect(await status({ token: ended })).toBe(200);
    expect((await revoke(kept, ended)).statusCode).toBe(204);
    expect([await status({ token: ended }), await status({ token: kept })]).toEqual([401, 200]);
    expect(verdictOf(await revoke(kept, ended))).toEqual([404, 404]);
  });

  it("ends the very token that asks for it", async () => {
    const token = await tokenOf(host, "ann");
    expect((await revoke(token, token)).statusCode).toBe(204);
    expect(await status({ token })).toBe(401);
  });

  it("does not tell other people's tokens from unknown ones, and leaves them alone", async () => {
    const [token, others] = [await tokenOf(host, "ann"), await tokenOf(host, "admin", host.credentials.password)];
    expect(verdictOf(await revoke(token, others))).toEqual([404, 404]);
    expect(verdictOf(await revoke(token, ""))).toEqual([404, 404]);
    expect(await status({ token: others })).toBe(200);
  });
});

describe("a token", () => {
  it("that is not for a project is not for one that is granted later either", async () => {
    await order(host, { action: "user-create", name: "eve", password: PASSWORD });
    const token = (await logIn(host, "eve", PASSWORD, "unscoped")).headers["X-Subject-Token"] ?? "";
    await order(host, { action: "role-grant", user: "eve", project: "here-1", role: "CBR FullAccess" });
    expect(await status({ token })).toBe(403);
  });
});

it("what lasts is not ordered with it: no permanent key, no recovery code", async () => {
  const ordered: string[] = [];
  const administration = async ({ action }: AdminOrder) => {
    ordered.push(action);
    return [];
  };
  const ask = (order: AdminOrder, kind: "temporary-key" | "access-key") =>
    administer(
      { body: order, principal: { credential: { kind } } } as unknown as ApiRequest,
      { administration } as unknown as Parameters<typeof administer>[1],
    );
  for (const order of [{ action: "key-create", user: "ann" }, { action: "recovery-create" }] as const)
    await expect(ask(order, "temporary-key")).rejects.toThrow(`a temporary key cannot order ${order.action}`);
  expect(ordered).toEqual([]);
  await ask({ action: "domain-list" }, "temporary-key");
  await ask({ action: "recovery-create" }, "access-key");
  expect(ordered).toEqual(["domain-list", "recovery-create"]);
});
