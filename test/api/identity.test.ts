/** The identity facade, call by call as clients.md §1 describes what clients send and read. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootstrapIdentity } from "../../core/app/identity/bootstrap.ts";
import type { HttpResult } from "../../functions/api/kit/event.ts";
import {
  bodyOf,
  echo,
  eventOf,
  type IdentityHost,
  identityHost,
  memoryKeyService,
  temporaryRecords,
} from "./kit/identity-host.ts";
import { signFlat } from "./kit/test-signer.ts";

let host: IdentityHost;
beforeAll(async () => {
  host = await identityHost({ ListVault: echo });
});
afterAll(() => host.close());

const passwordProof = (password = host.credentials.password, name = host.credentials.user_name) => ({
  methods: ["password"],
  password: { user: { name, password, domain: { name: "acct" } } },
});
const login = (identity: object, scope?: unknown): Promise<HttpResult> =>
  host.api(eventOf("POST", "/v3/auth/tokens", { body: { auth: { identity, ...(scope !== undefined && { scope }) } } }));
const tokenOf = (result: HttpResult): string => result.headers["X-Subject-Token"] ?? "";
const projectScope = () => ({ project: { id: host.credentials.project_id } });
const get = (target: string, headers: Record<string, string>) => host.api(eventOf("GET", target, { headers }));
const asUser = async () => ({ "x-auth-token": tokenOf(await login(passwordProof(), projectScope())) });

describe("POST /v3/auth/tokens", () => {
  it("answers a project by id with token, catalogue and times that clients can parse", async () => {
    const result = await login(passwordProof(), projectScope());
    const { project_id, domain_id, region } = host.credentials;
    expect(result.statusCode).toBe(201);
    expect(tokenOf(result)).toMatch(/^hf-[\w-]{43}$/);
    expect(bodyOf(result).token).toMatchObject({
      issued_at: "2030-01-02T03:04:05.000000Z",
      expires_at: "2030-01-03T03:04:05.000000Z",
      methods: ["password"],
      user: { name: "admin", domain: { id: domain_id, name: "acct" } },
      project: { id: project_id, name: region, domain: { id: domain_id, name: "acct" } },
      catalog: [
        {
          type: "cbr",
          endpoints: [
            { interface: "public", region, region_id: region, url: `http://127.0.0.1:8700/v3/${project_id}` },
          ],
        },
        { type: "identity", endpoints: [{ url: "http://127.0.0.1:8700/v3" }] },
      ],
    });
  });

  it.each([
    ["the project's name and account", { project: { name: "here-1", domain: { name: "acct" } } }],
    ["the project's name and the domain id `default`", { project: { name: "here-1", domain: { id: "default" } } }],
    ["no scope at all, as there is one project", undefined],
  ])("takes %s", async (_, scope) => {
    const result = await login(passwordProof(), scope);
    expect(result.statusCode).toBe(201);
    expect(bodyOf(result).token).toMatchObject({ project: { id: host.credentials.project_id } });
  });

  it("answers the account's scope with a domain and without a project, and opens no project with it", async () => {
    const result = await login(passwordProof(), { domain: { name: "acct" } });
    expect(result.statusCode).toBe(201);
    const { token } = bodyOf<{ token: Record<string, unknown> }>(result);
    expect(token.domain).toEqual({ id: host.credentials.domain_id, name: "acct" });
    expect(token).not.toHaveProperty("project");
    const vaults = await get(`/v3/${host.credentials.project_id}/vaults`, { "x-auth-token": tokenOf(result) });
    expect(vaults.statusCode).toBe(403);
  });

  it("exchanges a token, which then ends when the first one does", async () => {
    const first = tokenOf(await login(passwordProof(), projectScope()));
    host.clock.now += 3_600_000;
    const body = { auth: { identity: { methods: ["token"], token: { id: first } }, scope: projectScope() } };
    const second = await host.api(eventOf("POST", "/v3/auth/tokens", { headers: { "x-auth-token": first }, body }));
    expect(second.statusCode).toBe(201);
    expect(bodyOf(second).token).toMatchObject({ methods: ["token"], expires_at: "2030-01-03T03:04:05.000000Z" });
    host.clock.now -= 3_600_000;
  });

  it.each<[string, () => object, unknown]>([
    ["a wrong password", () => passwordProof("wrong"), undefined],
    ["an unknown user", () => passwordProof(undefined, "nobody"), undefined],
    [
      "another account",
      () => ({
        methods: ["password"],
        password: { user: { ...passwordProof().password.user, domain: { name: "x" } } },
      }),
      undefined,
    ],
    ["a project that is not there", () => passwordProof(), { project: { id: "f".repeat(32) } }],
    ["another account's scope", () => passwordProof(), { domain: { name: "x" } }],
    ["a token that was never given out", () => ({ methods: ["token"], token: { id: "hf-nothing" } }), undefined],
  ])("refuses %s with one and the same 401 in Keystone's shape", async (_, identity, scope) => {
    const result = await login(identity(), scope);
    expect(result.statusCode).toBe(401);
    expect(bodyOf(result)).toEqual({
      error: { code: 401, message: "The request you have made requires authentication.", title: "Unauthorized" },
    });
  });

  it.each([
    ["a body that is not JSON", "{", "body: must be JSON in UTF-8"],
    ["a missing member", { auth: {} }, "auth.identity: is missing: must be an object"],
    [
      "a password that is no text",
      { auth: { identity: { methods: ["password"], password: { user: { password: 1 } } } } },
      "auth.identity.password.user.password: must be a string",
    ],
  ])("refuses %s with 400 in Keystone's shape, naming the field", async (_, body, message) => {
    const result = await host.api(eventOf("POST", "/v3/auth/tokens", { body }));
    expect(bodyOf(result)).toEqual({ error: { code: 400, message, title: "Bad Request" } });
  });

  it("tells a flood of logins to come back later instead of keeping everything else waiting", async () => {
    const results = await Promise.all(Array.from({ length: 80 }, () => login(passwordProof("wrong"))));
    const codes = results.map(({ statusCode }) => statusCode);
    expect(codes.filter((code) => code === 429).length).toBeGreaterThan(0);
    expect(codes.filter((code) => code === 401).length).toBeGreaterThan(50);
  });
});

describe("a token", () => {
  it("opens its project for 24 hours, and not a second longer", async () => {
    const headers = await asUser();
    const target = `/v3/${host.credentials.project_id}/vaults`;
    host.clock.now += 86_399_000;
    expect((await get(target, headers)).statusCode).toBe(200);
    host.clock.now += 1000;
    const late = await get(target, headers);
    host.clock.now -= 86_400_000;
    expect(late.statusCode).toBe(401);
    expect(bodyOf(late)).toEqual({ error_code: "APIGW.0301", error_msg: "Incorrect authentication information" });
  });

  it("is stored only as a hash", async () => {
    const { "x-auth-token": token } = await asUser();
    const { createHash } = await import("node:crypto");
    const hash = createHash("sha256").update(token).digest("hex");
    const item = await host.records.get({ pk: `TOK#${hash}`, sk: "A" });
    expect(item?.ttl).toBe(host.clock.now / 1000 + 86_400);
    expect(JSON.stringify(item)).not.toContain(token);
  });

  it("is described by GET /v3/auth/tokens, and an unknown one is 404", async () => {
    const headers = await asUser();
    const own = await get("/v3/auth/tokens", { ...headers, "x-subject-token": headers["x-auth-token"] });
    expect(own.statusCode).toBe(200);
    expect(own.headers["X-Subject-Token"]).toBe(headers["x-auth-token"]);
    expect(bodyOf(own).token).toMatchObject({ project: { id: host.credentials.project_id } });
    const other = await get("/v3/auth/tokens", { ...headers, "x-subject-token": "hf-nothing" });
    expect(bodyOf(other)).toMatchObject({ error: { code: 404, title: "Not Found" } });
  });
});

describe("look-ups", () => {
  it("find the project that is named as the region, and only by its exact name", async () => {
    const headers = await asUser();
    const row = {
      id: host.credentials.project_id,
      name: "here-1",
      domain_id: host.credentials.domain_id,
      enabled: true,
    };
    const named = bodyOf<{ projects: unknown[] }>(await get("/v3/projects?name=here-1", headers));
    expect(named.projects).toHaveLength(1);
    expect(named.projects[0]).toMatchObject(row);
    expect(bodyOf(await get("/v3/projects?name=here", headers)).projects).toEqual([]);
    expect(bodyOf(await get("/v3/auth/projects", headers)).projects).toMatchObject([row]);
    expect(bodyOf(await get(`/v3/projects/${row.id}`, headers)).project).toMatchObject(row);
    expect((await get("/v3/projects/nothing", headers)).statusCode).toBe(404);
  });

  it("find the account, the user and the catalogue", async () => {
    const headers = await asUser();
    const account = { id: host.credentials.domain_id, name: "acct", enabled: true };
    expect(bodyOf(await get("/v3/auth/domains?name=acct", headers)).domains).toMatchObject([account]);
    expect(bodyOf(await get("/v3/auth/domains?name=x", headers)).domains).toEqual([]);
    expect(bodyOf(await get("/v3/users?name=admin", headers)).users).toMatchObject([{ name: "admin" }]);
    const catalog = bodyOf(await get("/v3/auth/catalog", { ...headers, "x-project-id": host.credentials.project_id }));
    expect(catalog.catalog).toMatchObject([{ type: "cbr" }, { type: "identity" }]);
  });

  it("need credentials, in Keystone's shape below /v3/auth", async () => {
    expect(bodyOf(await get("/v3/auth/domains", {}))).toMatchObject({ error: { code: 401, title: "Unauthorized" } });
    expect(bodyOf(await get("/v3/projects", {}))).toMatchObject({ error_code: "APIGW.0301" });
  });

  it("build addresses from the host and scheme that the client used", async () => {
    const headers = { ...(await asUser()), host: "backup.example:443", "x-forwarded-proto": "https" };
    const { catalog } = bodyOf<{ catalog: { endpoints: { url: string }[] }[] }>(await get("/v3/auth/catalog", headers));
    expect(catalog[0]?.endpoints[0]?.url).toBe(`https://backup.example:443/v3/${host.credentials.project_id}`);
  });
});

describe("versions", () => {
  it.each(["/v3", "/v3/"])("GET %s answers without credentials: openstackclient hangs on a 401", async (target) => {
    const result = await get(target, {});
    expect(result.statusCode).toBe(200);
    expect(bodyOf(result).version).toMatchObject({
      id: "v3.14",
      status: "stable",
      links: [{ href: "http://127.0.0.1:8700/v3/" }],
    });
  });

  it.each(["/", "/cbr", "/csbs", "/vbs"])("GET %s lists the versions with status 300", async (target) => {
    const result = await get(target, {});
    expect(result.statusCode).toBe(300);
    expect(bodyOf(result).versions).toMatchObject([{ id: "v3", status: "CURRENT" }]);
  });

  it("GET /healthz answers without credentials", async () => {
    expect((await get("/healthz", {})).statusCode).toBe(200);
  });
});

describe("the first account", () => {
  it("is made once: another start tells the same credentials again", async () => {
    expect(await bootstrapIdentity({ ...host.deps, region: "elsewhere", userName: "other" })).toEqual(host.credentials);
  });

  it("is made once when two processes start at the same time", async () => {
    const { records, close } = temporaryRecords(() => host.clock.now);
    const deps = { ...host.deps, records };
    const [a, b] = await Promise.all([bootstrapIdentity(deps), bootstrapIdentity(deps)]);
    expect(a).toEqual(b);
    expect(a.project_id).not.toBe(host.credentials.project_id);
    close();
  });

  it("has ids of 32 hex digits and a project named as the region", () => {
    const { domain_id, project_id, project_name, region, access_key, secret_key, password } = host.credentials;
    for (const id of [domain_id, project_id]) expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(project_name).toBe(region);
    expect(access_key).toMatch(/^HF[A-Z0-9]{18}$/);
    expect(secret_key).toMatch(/^[A-Za-z0-9]{40}$/);
    expect(password).toMatch(/^[A-Za-z0-9]{24}$/);
  });

  it("keeps no secret readable in its records", async () => {
    const { items } = await host.records.query({ pk: "ID", limit: 100 });
    const key = await host.records.get({ pk: `AK#${host.credentials.access_key}`, sk: "A" });
    const stored = JSON.stringify([items, key]);
    expect(items.length).toBeGreaterThanOrEqual(4);
    expect(stored).not.toContain(host.credentials.password);
    expect(stored).not.toContain(host.credentials.secret_key);
  });

  it("cannot be told under another key file", async () => {
    await expect(bootstrapIdentity({ ...host.deps, keys: memoryKeyService() })).rejects.toThrow(
      "not sealed by this key",
    );
  });
});

describe("a signed request", () => {
  const signed = (target: string, more: { secretKey?: string; accessKey?: string } = {}) => {
    const { access_key, secret_key, project_id } = host.credentials;
    const headers = { host: "127.0.0.1:8700", "x-sdk-date": "20300102T030405Z" };
    const segments = target.split("/").slice(1);
    const toSign = { method: "GET", segments, query: [], headers, body: "" };
    const authorization = signFlat(toSign, more.accessKey ?? access_key, more.secretKey ?? secret_key);
    return { ...headers, authorization, "x-project-id": project_id };
  };

  it("opens every project of the account, and identity calls too", async () => {
    const target = `/v3/${host.credentials.project_id}/vaults`;
    expect((await get(target, signed(target))).statusCode).toBe(200);
    expect((await get("/v3/projects", signed("/v3/projects"))).statusCode).toBe(200);
  });

  it("is refused alike for an unknown access key and a wrong secret", async () => {
    const target = `/v3/${host.credentials.project_id}/vaults`;
    const unknown = await get(target, signed(target, { accessKey: "HFUNKNOWN00000000000" }));
    const wrong = await get(target, signed(target, { secretKey: "wrong" }));
    expect([unknown.statusCode, wrong.statusCode]).toEqual([401, 401]);
    expect(bodyOf(unknown)).toEqual({ error_code: "APIGW.0301", error_msg: "Incorrect authentication information" });
    expect(bodyOf(wrong)).toEqual(bodyOf(unknown));
  });
});
