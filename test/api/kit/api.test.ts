/** What every request goes through before a handler sees it, and what it looks like afterwards. */

import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fault } from "../../../core/domain/fault.ts";
import { createApi } from "../../../functions/api/kit/create-api.ts";
import { routes } from "../../../functions/api/routes.ts";
import { bodyOf, echo, eventOf, type IdentityHost, identityHost, tokenOf } from "./identity-host.ts";

let host: IdentityHost;
let project: string;
let token: string;
beforeAll(async () => {
  host = await identityHost({
    ListVault: echo,
    CreateVault: echo,
    ShowVault: async ({ path }) => fault("6105", `vault ${path.vault_id} not found`),
    DeleteVault: async () => ({ status: 204 }),
    ListBackups: async () => ({ status: 200, body: { backups: Array.from({ length: 5000 }, (_, id) => ({ id })) } }),
    ListOpLogs: async () => {
      throw new Error("the secret inside");
    },
    DeleteVaultTag: echo,
  });
  project = host.credentials.project_id;
  token = await tokenOf(host);
});
afterAll(() => host.close());

const call = (method: string, target: string, more: { headers?: Record<string, string>; body?: unknown } = {}) =>
  host.api(eventOf(method, target, { ...more, headers: { "x-auth-token": token, ...more.headers } }));

describe("routing", () => {
  it("knows each of the 75 operations, and has a handler for it", () => {
    const numbered = routes.filter(({ op }) => typeof op === "number");
    expect(new Set(numbered.map(({ op }) => op)).size).toBe(75);
    expect(numbered.filter(({ handler }) => handler === undefined)).toEqual([]);
  });

  it("answers 501 with its name where an operation has no handler", async () => {
    const api = createApi({
      services: {},
      routes: [{ op: "host", name: "ShowFuture", method: "GET", path: "/future/{day}", auth: "none" }],
      authenticate: () => Promise.reject(new Error("nobody has to")),
      newId: () => "an-id",
      log: ({ text }) => expect.unreachable(text),
      scheme: "http",
    });
    const result = await api(eventOf("GET", "/future/tomorrow"));
    expect(result.statusCode).toBe(501);
    expect(bodyOf(result)).toEqual({
      error_code: "BackupService.9910",
      error_msg: "ShowFuture (GET /future/{day}) is not built yet in this version of Holdfast",
    });
  });

  it.each(["vaults/", "/vaults", "vaults//"])("ignores a slash too many: %s", async (path) => {
    expect((await call("GET", `/v3/${project}/${path}`)).statusCode).toBe(200);
  });

  it("takes a literal word for an id where the method has no such operation: find-by-name gets its 404", async () => {
    const result = await call("GET", `/v3/${project}/vaults/order`);
    expect(bodyOf(result)).toEqual({ error_code: "BackupService.6105", error_msg: "vault order not found" });
  });

  it("answers an unknown path with 404, at once, but only to those who may ask", async () => {
    expect((await call("GET", "/v2/products/service-types?limit=1")).statusCode).toBe(404);
    expect(bodyOf(await call("GET", "/nothing"))).toMatchObject({ error_code: "APIGW.0101" });
    expect((await host.api(eventOf("GET", "/nothing"))).statusCode).toBe(401);
  });

  it.each(["PATCH", "HEAD", "OPTIONS"])("answers %s with 405 and the methods there are", async (method) => {
    const result = await call(method, `/v3/${project}/vaults`);
    expect(result.statusCode).toBe(405);
    expect(result.headers.Allow).toBe("GET, POST");
  });

  it("never lets an encoded slash become a separator", async () => {
    const result = await call("DELETE", `/v3/${project}/vault/v/tags/a%2Fb`);
    expect(bodyOf(result).path).toMatchObject({ key: "a/b" });
    expect((await call("GET", `/v3/${project}%2Fvaults`)).statusCode).toBe(404);
  });

  it("refuses a path parameter that no key of a record could hold", async () => {
    const result = await call("GET", `/v3/${project}/vaults/${"x".repeat(256)}`);
    expect(bodyOf(result)).toMatchObject({
      error_code: "BackupService.9900",
      error_msg: "vault_id: must be at most 255 characters",
    });
  });
});

describe("the project", () => {
  it("must be the caller's: another is 403, whether it exists or not", async () => {
    const result = await call("GET", `/v3/${"f".repeat(32)}/vaults`);
    expect(result.statusCode).toBe(403);
    expect(bodyOf(result)).toMatchObject({ error_code: "APIGW.0302" });
  });

  it("must be the one that X-Project-Id names, when it is sent; X-Domain-Id is not compared", async () => {
    const target = `/v3/${project}/vaults`;
    expect((await call("GET", target, { headers: { "x-project-id": project } })).statusCode).toBe(200);
    expect((await call("GET", target, { headers: { "x-project-id": "f".repeat(32) } })).statusCode).toBe(403);
    expect((await call("GET", target, { headers: { "x-domain-id": "anything" } })).statusCode).toBe(200);
  });

  it("is checked before an operation says that it is not built", async () => {
    expect((await call("GET", `/v3/${"f".repeat(32)}/policies`)).statusCode).toBe(403);
    expect((await host.api(eventOf("GET", `/v3/${project}/policies`))).statusCode).toBe(401);
  });
});

describe("bodies", () => {
  it.each([
    ["nothing", undefined, "body: is missing: must be a JSON object"],
    ["text that is not JSON", "{", "body: must be JSON in UTF-8"],
    ["a list", [], "body: must be a JSON object"],
    ["null", "null", "body: must be a JSON object"],
    ["more than 1 MiB", JSON.stringify({ a: "x".repeat(1024 * 1024) }), "body: must be at most 1 MiB"],
  ])("of POST: %s is refused with 9900", async (_, body, error_msg) => {
    const result = await call("POST", `/v3/${project}/vaults`, { body });
    expect(result.statusCode).toBe(400);
    expect(bodyOf(result)).toEqual({ error_code: "BackupService.9900", error_msg });
  });

  it("of GET and DELETE are ignored: some SDKs send {}", async () => {
    expect((await call("GET", `/v3/${project}/vaults`, { body: "{broken" })).statusCode).toBe(200);
    expect((await call("DELETE", `/v3/${project}/vaults/x`, { body: "{}" })).statusCode).toBe(204);
  });

  it("reach the handler parsed, beside path, project, caller and address", async () => {
    const result = await call("POST", `/v3/${project}/vaults`, { body: { vault: { name: "Größe" } } });
    expect(bodyOf(result)).toMatchObject({
      op: 3,
      projectId: project,
      body: { vault: { name: "Größe" } },
      caller: { projectId: project },
      url: "http://127.0.0.1:8700",
      sourceIp: "127.0.0.1",
    });
  });
});

describe("answers", () => {
  it("carry X-Request-Id: the client's own when it is harmless, else a new one, on refusals too", async () => {
    const target = `/v3/${project}/vaults`;
    const own = { "x-request-id": "req-1" };
    expect((await call("GET", target, { headers: own })).headers["X-Request-Id"]).toBe("req-1");
    expect((await host.api(eventOf("GET", target, { headers: own }))).headers["X-Request-Id"]).toBe("req-1");
    for (const odd of ["a b", "x".repeat(65), "<script>", ""])
      expect((await call("GET", target, { headers: { "x-request-id": odd } })).headers["X-Request-Id"]).toMatch(
        /^[0-9a-f-]{36}$/,
      );
  });

  it("of a defect say only the request's id; the log gets the stack, and nothing of the request's content", async () => {
    const headers = { "x-request-id": "req-2" };
    const result = await call("GET", `/v3/${project}/operation-logs?name=private`, { headers });
    expect(result.statusCode).toBe(500);
    expect(bodyOf(result)).toEqual({ error_code: "BackupService.9910", error_msg: "internal error, request req-2" });
    const line = JSON.stringify(host.logged.at(-1));
    expect(line).toContain("the secret inside");
    expect(line).toContain("req-2");
    expect(line).not.toContain("private");
    expect(line).not.toContain(token);
  });

  it("are compressed when they are large and the client takes it", async () => {
    const target = `/v3/${project}/backups`;
    const large = await call("GET", target, { headers: { "accept-encoding": "br, gzip;q=0.5" } });
    expect(large.headers).toMatchObject({ "Content-Encoding": "gzip", Vary: "Accept-Encoding" });
    const text = gunzipSync(Buffer.from(large.body ?? "", "base64")).toString();
    expect((JSON.parse(text) as { backups: unknown[] }).backups).toHaveLength(5000);
    for (const refused of ["identity", "gzip;q=0", ""]) {
      const plain = await call("GET", target, { headers: { "accept-encoding": refused } });
      expect(plain.headers["Content-Encoding"]).toBeUndefined();
    }
  });

  it("with 204 have no body", async () => {
    const result = await call("DELETE", `/v3/${project}/vaults/x`);
    expect([result.statusCode, result.body]).toEqual([204, undefined]);
  });
});
