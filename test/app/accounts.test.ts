/** What does the administration of accounts do, whom does it refuse, and how soon is it felt? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bootstrapIdentity } from "../../core/app/identity/bootstrap.ts";
import { changeDirectory } from "../../core/app/identity/change-directory.ts";
import { userKey } from "../../core/app/identity/records.ts";
import type { RecordStore } from "../../core/ports/record-store.ts";
import { keyOf, logIn, order, orders, PASSWORD, send, tokenOf, userWith } from "../api/kit/accounts.ts";
import { bodyOf, echo, type IdentityHost, identityHost, temporaryRecords } from "../api/kit/identity-host.ts";

let host: IdentityHost;
beforeEach(async () => {
  host = await identityHost({ ListVault: echo, CreateVault: echo });
});
afterEach(() => host.close());

const vaults = () => `/v3/${host.credentials.project_id}/vaults`;
const status = async (who: Parameters<typeof send>[3], target = vaults()) =>
  (await send(host, "GET", target, who)).statusCode;

describe("names", () => {
  it("are taken once: domains everywhere, projects and users within their domain", async () => {
    const acme = await order(host, { action: "domain-create", name: "acme" });
    expect(acme.id).toMatch(/^[0-9a-f]{32}$/);
    const project = await order(host, { action: "project-create", name: "team", domain: "acme" });
    expect(project).toMatchObject({ name: "team", domain_id: acme.id, domain_name: "acme" });
    await order(host, { action: "project-create", name: "team" });
    await order(host, { action: "user-create", name: "ann" });
    await order(host, { action: "user-create", name: "ann", domain: acme.id });
    for (const twice of [
      { action: "domain-create", name: "acme" },
      { action: "project-create", name: "team", domain: "acme" },
      { action: "project-create", name: "here-1" },
      { action: "user-create", name: "ann" },
      { action: "user-create", name: "admin" },
    ] as const)
      await expect(orders(host, twice)).rejects.toThrow(`${twice.name} already`);
  });

  it("are given to one of two who ask at the same time", async () => {
    const asked = await Promise.allSettled(
      [1, 2, 3].map(() => orders(host, { action: "domain-create", name: "acme" })),
    );
    expect(asked.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected", "rejected"]);
    const listed = await orders(host, { action: "domain-list" });
    expect(listed).toHaveLength(2);
  });

  it("that nobody has are refused, saying which", async () => {
    await expect(orders(host, { action: "key-create", user: "bob" })).rejects.toThrow("no user bob in domain acct");
    await expect(orders(host, { action: "user-list", domain: "x" })).rejects.toThrow("no domain x");
    const grant = { action: "role-grant", role: "CBR FullAccess" } as const;
    await userWith(host, "ann");
    await expect(orders(host, { ...grant, user: "ann", project: "x" })).rejects.toThrow("no project x in domain acct");
  });

  it("mean nothing before there is a first account", async () => {
    const empty = temporaryRecords(() => 0);
    const nobody = { ...host, deps: { ...host.deps, records: empty.records } };
    await expect(orders(nobody, { action: "domain-create", name: "x" })).rejects.toThrow("admin bootstrap");
    empty.close();
  });
});

describe("a new user", () => {
  it("has no right until a role is granted, and then in that project alone (PRM-01)", async () => {
    await userWith(host, "ann");
    const key = await keyOf(host, "ann");
    const other = await order(host, { action: "project-create", name: "team-b" });
    expect((await logIn(host, "ann", PASSWORD)).statusCode).toBe(401);
    expect(await status({ key })).toBe(403);
    await order(host, { action: "role-grant", user: "ann", project: "here-1", role: "CBR ReadOnlyAccess" });
    expect(await status({ key })).toBe(200);
    expect(await status({ key }, `/v3/${other.id}/vaults`)).toBe(403);
    expect((await send(host, "POST", vaults(), { key, body: {} })).statusCode).toBe(403);
    const projects = bodyOf<{ projects: object[] }>(await send(host, "GET", "/v3/projects", { key })).projects;
    expect(projects).toMatchObject([{ name: "here-1" }]);
    const users = bodyOf<{ users: object[] }>(await send(host, "GET", "/v3/users", { key })).users;
    expect(users).toMatchObject([{ name: "ann" }]);
  });

  it("carries its roles in tokens, and loses them at the next request when they are revoked", async () => {
    await userWith(host, "ann", "CBR ReadOnlyAccess", "CBR BackupsAndVaultsFullAccess");
    const result = await logIn(host, "ann", PASSWORD);
    const names = ["CBR ReadOnlyAccess", "CBR BackupsAndVaultsFullAccess"] as const;
    expect(bodyOf(result).token).toMatchObject({ roles: names.map((name) => ({ name })) });
    const token = result.headers["X-Subject-Token"] ?? "";
    expect(await status({ token })).toBe(200);
    for (const role of names) await order(host, { action: "role-revoke", user: "ann", project: "here-1", role });
    expect(await status({ token })).toBe(403);
    expect(await orders(host, { action: "role-list", user: "ann" })).toEqual([]);
  });

  it("of another domain sees nothing of the first, not even with the same names", async () => {
    await order(host, { action: "domain-create", name: "acme" });
    const project = await order(host, { action: "project-create", name: "here-1", domain: "acme" });
    await order(host, { action: "user-create", name: "admin", domain: "acme", password: PASSWORD });
    const role = "CBR FullAccess";
    await order(host, { action: "role-grant", user: "admin", domain: "acme", project: "here-1", role });
    const identity = (domain?: object) => ({
      methods: ["password"],
      password: { user: { name: "admin", password: PASSWORD, ...(domain !== undefined && { domain }) } },
    });
    const login = (domain?: object) =>
      send(host, "POST", "/v3/auth/tokens", { body: { auth: { identity: identity(domain) } } });
    const theirs = await login({ name: "acme" });
    expect(bodyOf(theirs).token).toMatchObject({ project: { id: project.id }, user: { domain: { name: "acme" } } });
    // Without a domain the name means the first domain's user, whose password is another.
    for (const domain of [undefined, { id: "default" }, { name: "acct" }])
      expect((await login(domain)).statusCode).toBe(401);
    const token = theirs.headers["X-Subject-Token"] ?? "";
    expect(await status({ token })).toBe(403);
    expect(bodyOf(await send(host, "GET", "/v3/auth/domains", { token })).domains).toMatchObject([{ name: "acme" }]);
    await expect(
      orders(host, { action: "role-grant", user: "admin", domain: "acme", project: host.credentials.project_id, role }),
    ).rejects.toThrow("no project");
  });

  it("cannot log in without a password, whatever is sent", async () => {
    await order(host, { action: "user-create", name: "robot" });
    for (const password of ["", "undefined", "null"])
      expect((await logIn(host, "robot", password, "unscoped")).statusCode).toBe(401);
  });
});

describe("users made before there were roles", () => {
  it("may do everything in their domain's projects, also in those made later", async () => {
    const [first] = (await orders(host, { action: "user-list" })) as { id: string }[];
    const item = await host.records.get(userKey(first?.id ?? ""));
    expect(item?.body).not.toHaveProperty("access");
    expect(item?.body).not.toHaveProperty("passwordVersion");
    const later = await order(host, { action: "project-create", name: "later" });
    expect(await status({ key: host.credentials }, `/v3/${later.id}/vaults`)).toBe(200);
    await expect(
      orders(host, { action: "role-grant", user: "admin", project: "later", role: "CBR ReadOnlyAccess" }),
    ).rejects.toThrow("may do everything");
  });
});

describe("an access key", () => {
  it("works at once, its secret is told once and stands nowhere in clear; revoked, its next request is refused", async () => {
    await userWith(host, "ann", "CBR FullAccess");
    const key = await keyOf(host, "ann");
    expect(await status({ key })).toBe(200);
    const listed = await orders(host, { action: "key-list", user: "ann" });
    expect(listed).toEqual([expect.objectContaining({ access_key: key.access_key, user_name: "ann" })]);
    const stored = [
      ...(await host.records.query({ pk: "ID", limit: 1000 })).items,
      await host.records.get({ pk: `AK#${key.access_key}`, sk: "A" }),
    ];
    expect(JSON.stringify([listed, stored])).not.toContain(key.secret_key);
    await order(host, { action: "key-revoke", access_key: key.access_key });
    expect(await status({ key })).toBe(401);
    await expect(orders(host, { action: "key-revoke", access_key: key.access_key })).rejects.toThrow("no access key");
  });

  it("is one of ten at most", async () => {
    await userWith(host, "ann");
    for (let i = 0; i < 10; i++) await keyOf(host, "ann");
    await expect(keyOf(host, "ann")).rejects.toThrow("ann has 10 keys");
  });

  it("the first one is changed by making another, which the first account is told with from then on", async () => {
    const first = host.credentials.access_key;
    await expect(orders(host, { action: "key-revoke", access_key: first })).rejects.toThrow("only key");
    const next = await keyOf(host, "admin");
    expect(await orders(host, { action: "key-list", user: "admin" })).toMatchObject([
      { access_key: first, created_at: null },
      { access_key: next.access_key, created_at: "2030-01-02T03:04:05.000000" },
    ]);
    await order(host, { action: "key-revoke", access_key: first });
    expect(await status({ key: host.credentials })).toBe(401);
    const { access_key, secret_key } = next;
    expect(await bootstrapIdentity(host.deps)).toEqual({ ...host.credentials, access_key, secret_key });
    await expect(orders(host, { action: "key-revoke", access_key: next.access_key })).rejects.toThrow("only key");
  });
});

describe("another password", () => {
  it("ends all tokens got with the old one at once, also those got by exchange", async () => {
    await userWith(host, "ann", "CBR FullAccess");
    const token = await tokenOf(host, "ann");
    const body = { auth: { identity: { methods: ["token"], token: { id: token } } } };
    const exchanged = (await send(host, "POST", "/v3/auth/tokens", { body })).headers["X-Subject-Token"] ?? "";
    expect([await status({ token }), await status({ token: exchanged })]).toEqual([200, 200]);
    await order(host, { action: "user-password", user: "ann", password: "battery staple" });
    expect([await status({ token }), await status({ token: exchanged })]).toEqual([401, 401]);
    expect((await send(host, "POST", "/v3/auth/tokens", { body })).statusCode).toBe(401);
    expect((await logIn(host, "ann", PASSWORD)).statusCode).toBe(401);
    expect((await logIn(host, "ann", "battery staple")).statusCode).toBe(201);
  });

  it("of the first user is what the first account is told with afterwards; its key is not touched", async () => {
    await order(host, { action: "user-password", user: "admin", password: "battery staple" });
    expect(await bootstrapIdentity(host.deps)).toEqual({ ...host.credentials, password: "battery staple" });
    expect(await status({ key: host.credentials })).toBe(200);
    expect((await logIn(host, "admin", host.credentials.password)).statusCode).toBe(401);
  });
});

describe("deleting a user", () => {
  it("ends keys and tokens at once and leaves no row of it behind", async () => {
    const { id } = await userWith(host, "ann", "CBR FullAccess");
    const [key, token] = [await keyOf(host, "ann"), await tokenOf(host, "ann")];
    expect([await status({ key }), await status({ token })]).toEqual([200, 200]);
    expect(await order(host, { action: "user-delete", user: "ann" })).toMatchObject({ id, deleted: true });
    expect([await status({ key }), await status({ token })]).toEqual([401, 401]);
    expect(await host.records.get({ pk: `AK#${key.access_key}`, sk: "A" })).toBeUndefined();
    expect(JSON.stringify((await host.records.query({ pk: "ID", limit: 1000 })).items)).not.toContain(id);
    // The name is free again, and means somebody new.
    expect((await userWith(host, "ann")).id).not.toBe(id);
    expect(await status({ token })).toBe(401);
  });

  it("with more rows than a transaction holds takes several", async () => {
    await userWith(host, "ann");
    const projects = Array.from({ length: 120 }, (_, i) => `p${i}`);
    for (const name of projects) {
      await order(host, { action: "project-create", name });
      await order(host, { action: "role-grant", user: "ann", project: name, role: "CBR ReadOnlyAccess" });
    }
    const { id } = await order(host, { action: "user-delete", user: "ann" });
    const { items } = await host.records.query({ pk: "ID", limit: 1000 });
    expect(items.filter(({ sk }) => sk.includes(id))).toEqual([]);
  });

  it("is refused for the first one", async () => {
    await expect(orders(host, { action: "user-delete", user: "admin" })).rejects.toThrow("first user");
  });
});

describe("a change of accounts", () => {
  /** Records on which somebody else makes a domain right before each of the first `times` transactions. */
  function contested(times: number): RecordStore {
    const { records } = host;
    let left = times;
    return {
      get: (...given) => records.get(...given),
      getMany: (...given) => records.getMany(...given),
      write: (...given) => records.write(...given),
      query: (...given) => records.query(...given),
      count: (...args) => records.count(...args),
      async transact(writes) {
        if (left > 0) await order(host, { action: "domain-create", name: `other-${left--}` });
        await records.transact(writes);
      },
    };
  }

  it("is decided again on what is there now, when somebody else was first", async () => {
    const seen: number[] = [];
    await changeDirectory(contested(2), ({ domains }) => {
      seen.push(domains.length);
      const item = { pk: "ID", sk: "DOMAIN#x", v: 1, body: { id: "x", name: "x" } };
      return { writes: [{ op: "put", item, if: "absent" }], result: undefined };
    });
    expect(seen).toEqual([1, 2, 3]);
    expect(await orders(host, { action: "domain-list" })).toHaveLength(4);
  });

  it("gives up when others are always first, and has then changed nothing", async () => {
    const never = { ...host, deps: { ...host.deps, records: contested(99) } };
    await expect(order(never, { action: "domain-create", name: "mine" })).rejects.toThrow("try again");
    expect(JSON.stringify(await orders(host, { action: "domain-list" }))).not.toContain("mine");
  });
});
