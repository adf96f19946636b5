/** Does the API take what Go clients and Terraform providers send, spelt and signed as they do? Bodies of clients.md §2. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLIENTS } from "./dialects.ts";
import { DISK, type ReplayedWorld, replayedWorld, TIME } from "./replayed-world.ts";

let world: ReplayedWorld;
beforeAll(async () => {
  world = await replayedWorld();
}, 120_000);
afterAll(() => world.live.close());

const ask: ReplayedWorld["ask"] = (...request) => world.ask(...request);
const askRoot: ReplayedWorld["askRoot"] = (...request) => world.askRoot(...request);
const PATTERN = ["FREQ=WEEKLY;BYDAY=MO,TU;BYHOUR=14;BYMINUTE=00"];

describe.each(CLIENTS)("%s", (client) => {
  it("finds the project by the region's name, and only that one", async () => {
    const { region, project_id, domain_id } = world.account;
    const { status, body } = await askRoot(client, "GET", `/v3/projects?name=${region}`);
    expect(status).toBe(200);
    expect(body.projects).toMatchObject([{ id: project_id, name: region, domain_id, enabled: true }]);
    expect((await askRoot(client, "GET", "/v3/projects?name=elsewhere")).body.projects).toEqual([]);
  });

  it("reads lists, with a space, a plus and a slash in the query", async () => {
    const { status, headers, body } = await ask(client, "GET", "/vaults?name=my%20vault%2B1%2F2&limit=100&offset=0");
    expect([status, body.vaults]).toEqual([200, []]);
    expect(headers.get("x-request-id")).toMatch(/./);
  });

  it("creates, changes and deletes a vault with the statuses it takes", async () => {
    const created = await ask(client, "POST", "/vaults", {
      vault: {
        name: "life",
        billing: { consistent_level: "crash_consistent", object_type: "disk", protect_type: "backup", size: 10 },
        resources: [],
      },
    });
    const { id } = created.body.vault;
    const changed = await ask(client, "PUT", `/vaults/${id}`, { vault: { name: "life-2" } });
    expect([created.status, changed.status, changed.body.vault.name]).toEqual([200, 200, "life-2"]);
    expect([202, 204]).toContain((await ask(client, "DELETE", `/vaults/${id}`)).status);
    await world.live.idle();
    const gone = await ask(client, "GET", `/vaults/${id}`);
    expect([gone.status, gone.body.error_code]).toEqual([404, "BackupService.6105"]);
    expect(gone.headers.get("x-request-id")).toMatch(/./);
  });
});

describe("the identity facade", () => {
  it("shows its version to anybody, with and without a slash", async () => {
    for (const path of ["/v3", "/v3/"])
      expect(await world.plain("GET", path)).toMatchObject({ status: 200, body: { version: { status: "stable" } } });
  });

  it("has the account's domain, the catalogue, and no billing service", async () => {
    const { domain_name, domain_id, project_id, url, region } = world.account;
    const domains = [{ id: domain_id, name: domain_name, enabled: true }];
    expect((await askRoot("TF-HW", "GET", "/v3/auth/domains")).body).toMatchObject({ domains });
    expect((await askRoot("Gopher", "GET", `/v3/auth/domains?name=${domain_name}`)).body).toMatchObject({ domains });
    const { catalog } = (await askRoot("Gopher", "GET", "/v3/auth/catalog")).body;
    const cbr = catalog.find((entry: { type: string }) => entry.type === "cbr");
    expect(cbr.endpoints).toMatchObject([
      { interface: "public", region, region_id: region, url: `${url}/v3/${project_id}` },
    ]);
    expect((await askRoot("TF-HW", "GET", "/v2/products/service-types?limit=1")).status).toBe(404);
  });

  it("gives TF-OTC a token for the project and one for the account, which opens no vaults", async () => {
    const { user_name, password, domain_name, region, project_id } = world.account;
    const user = { name: user_name, password, domain: { name: domain_name } };
    const login = (scope: object, secret = password) =>
      world.plain("POST", "/v3/auth/tokens", {
        auth: { identity: { methods: ["password"], password: { user: { ...user, password: secret } } }, scope },
      });
    for (const domain of [{ name: domain_name }, { id: "default" }]) {
      const { status, body, headers } = await login({ project: { name: region, domain } });
      expect([status, body.token.project.id]).toEqual([201, project_id]);
      const token = headers.get("x-subject-token") ?? "";
      expect((await world.plain("GET", `/v3/${project_id}/vaults`, undefined, { "x-auth-token": token })).status).toBe(
        200,
      );
    }
    const account = await login({ domain: { name: domain_name } });
    expect([account.status, account.body.token.project]).toEqual([201, undefined]);
    expect(account.body.token.domain.name).toBe(domain_name);
    const token = { "x-auth-token": account.headers.get("x-subject-token") ?? "" };
    expect((await world.plain("GET", `/v3/${project_id}/vaults`, undefined, token)).status).toBe(403);
    expect(await login({ project: { id: project_id } }, "wrong")).toMatchObject({
      status: 401,
      body: { error: { code: 401, title: "Unauthorized" } },
    });
  });
});

describe("bodies that need care", () => {
  const osc = {
    cloud_type: "public",
    protect_type: "backup",
    charging_mode: "post_paid",
    object_type: "disk",
    size: 10,
  };

  it("POST vaults (OSC): empty bind rules, and renewal of what is paid afterwards", async () => {
    const billing = { ...osc, consistent_level: "crash_consistent", is_auto_renew: true, is_auto_pay: true };
    const vault = { name: "osc", resources: [], bind_rules: { tags: [] }, billing };
    const { status, body } = await ask("GoSDK", "POST", "/vaults", { vault });
    expect([status, body.vault.billing.charging_mode]).toEqual([200, "post_paid"]);
  });

  it("POST vaults (TF-OTC): a period's unit without a number, on what is paid afterwards", async () => {
    const billing = { ...osc, consistent_level: "crash_consistent", period_type: "month" };
    const { status } = await ask("TF-OTC", "POST", "/vaults", { vault: { name: "otc", resources: [], billing } });
    expect(status).toBe(200);
  });

  it("POST vaults (TF-HW): what is not said is post-paid and public, tags are a list, and GET says the same", async () => {
    const vault = await world.vault("defaults");
    expect(vault).toMatchObject({
      billing: { charging_mode: "post_paid", cloud_type: "public" },
      tags: [],
      resources: [],
    });
    expect(vault.created_at).toMatch(TIME);
    const shown = (await ask("TF-HW", "GET", `/vaults/${vault.id}`)).body.vault;
    // Gopher's own test compares the two: whatever stands in both must be the same.
    expect({ ...shown, ...vault }).toEqual({ ...vault, ...shown });
  });

  it("PUT vaults (TF-HW): switches, size and name together", async () => {
    const { id } = await world.vault("before");
    const vault = { auto_bind: false, auto_expand: true, billing: { size: 70 }, name: "after" };
    const { status, body } = await ask("TF-HW", "PUT", `/vaults/${id}`, { vault });
    expect(status).toBe(200);
    expect(body.vault).toMatchObject({ name: "after", auto_expand: true, billing: { size: 70 } });
  });

  const policyOf = (name: string, operation_definition: object) => ({
    policy: {
      name,
      enabled: true,
      operation_type: "backup",
      operation_definition,
      trigger: { properties: { pattern: PATTERN } },
    },
  });
  const madePolicy = async (name: string, definition: object) => {
    const { status, body } = await ask("TF-HW", "POST", "/policies", policyOf(name, definition));
    expect([status, body.error_msg]).toEqual([200, undefined]);
    return body.policy;
  };

  it("POST policies (OSC): no end of days beside a number of backups is not both", async () => {
    const given = { week_backups: 3, max_backups: 7, retention_duration_days: -1, timezone: "UTC+01:00" };
    expect((await madePolicy("osc", given)).operation_definition).toMatchObject({ max_backups: 7, week_backups: 3 });
  });

  it("POST policies (TF-HW): every kind of periodic retention", async () => {
    const given = {
      day_backups: 10,
      full_backup_interval: -1,
      max_backups: 12,
      month_backups: 1,
      timezone: "UTC+08:00",
      week_backups: 4,
    };
    expect((await madePolicy("tf", given)).operation_definition).toMatchObject({ day_backups: 10, month_backups: 1 });
  });

  it("PUT policies (TF-HW): the definition is replaced as a whole", async () => {
    const { id } = await madePolicy("days", { retention_duration_days: 20 });
    const policy = { operation_definition: { max_backups: 9 }, trigger: { properties: { pattern: PATTERN } } };
    expect((await ask("TF-HW", "PUT", `/policies/${id}`, { policy })).status).toBe(200);
    const { operation_definition } = (await ask("TF-HW", "GET", `/policies/${id}`)).body.policy;
    expect(operation_definition.max_backups).toBe(9);
    expect(operation_definition).not.toHaveProperty("retention_duration_days");
  });

  it("PUT policies (TF-OTC, GoSDK): what is not named stays", async () => {
    const before = await madePolicy("partly", { max_backups: 5 });
    const off = await ask("TF-OTC", "PUT", `/policies/${before.id}`, { policy: { enabled: false } });
    expect(off.body.policy).toEqual({ ...before, enabled: false });
    const policy = { operation_definition: { max_backups: 6 } };
    const six = (await ask("GoSDK", "PUT", `/policies/${before.id}`, { policy })).body.policy;
    expect(six).toMatchObject({
      enabled: false,
      name: "partly",
      trigger: before.trigger,
      operation_definition: { max_backups: 6 },
    });
  });

  it("POST restore: empty mappings, nothing but the disk, no power on", async () => {
    const { disk, backup } = await world.backedUp("restores");
    for (const [client, more] of [
      ["GoSDK", { mappings: [], power_on: false }],
      ["Gopher", {}],
      ["TF-HW", { power_on: false }],
    ] as const) {
      const restore = { volume_id: disk, ...more };
      const { status, body } = await ask(client, "POST", `/backups/${backup.id}/restore`, { restore });
      expect([[201, 202].includes(status), typeof body.job_id]).toEqual([true, "string"]);
      await world.live.idle();
      const { operation_log } = (await ask(client, "GET", `/operation-logs/${body.job_id}`)).body;
      expect(operation_log.status).toBe("success");
    }
  });

  it("POST tags/action: an empty value, a delete by key alone, a delete with the value", async () => {
    const { id } = await world.vault("tagged");
    const act = async (client: "GoSDK" | "TF-HW" | "Gopher", action: string, ...tags: object[]) =>
      expect([200, 204]).toContain((await ask(client, "POST", `/vault/${id}/tags/action`, { action, tags })).status);
    const tags = async () => (await ask("Gopher", "GET", `/vault/${id}/tags`)).body.tags;
    await act("TF-HW", "create", { key: "a", value: "" }, { key: "b", value: "1" }, { key: "c", value: "2" });
    expect(await tags()).toHaveLength(3);
    await act("GoSDK", "delete", { key: "a" });
    await act("Gopher", "delete", { key: "b", value: "1" });
    expect(await tags()).toEqual([{ key: "c", value: "2" }]);
    const all = (await ask("TF-HW", "GET", "/vault/tags")).body.tags;
    expect(all).toEqual([{ key: "c", values: ["2"] }]);
  });

  it("POST resource_instances: limits as texts, or none", async () => {
    const { id } = await world.vault("found");
    await ask("TF-HW", "POST", `/vault/${id}/tags/action`, { action: "create", tags: [{ key: "find", value: "me" }] });
    for (const page of [{}, { limit: "10", offset: "0" }]) {
      const body = { action: "filter", tags: [{ key: "find", values: ["me"] }], ...page };
      const found = await ask("Gopher", "POST", "/vault/resource_instances/action", body);
      expect(found.body).toMatchObject({ total_count: 1, resources: [{ resource_id: id }] });
    }
  });

  it("POST checkpoints (TF-HW): resource details with an empty extra_info", async () => {
    const { vault, disk } = await world.backedUp("details");
    const parameters = { incremental: true, resource_details: [{ extra_info: {}, id: disk, type: DISK }] };
    const { status, body } = await ask("TF-HW", "POST", "/checkpoints", {
      checkpoint: { vault_id: vault, parameters },
    });
    expect([status, body.checkpoint.vault.resources.length]).toEqual([200, 1]);
    await world.live.idle();
  });
});
