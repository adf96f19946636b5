/** Do vaults behave on the wire as clients need them to? */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createVault } from "../../core/app/vaults/create-vault.ts";
import { parseBody } from "../../functions/api/kit/fields.ts";
import { createVaultBody } from "../../functions/api/schemas/vaults.ts";
import {
  CALLER,
  createVaultHost,
  diskResource,
  PROJECT,
  serverResource,
  type VaultHost,
  vaultBody,
} from "../support/vault-host.ts";

let host: VaultHost;
beforeEach(() => {
  host = createVaultHost();
});
afterEach(() => host.close());

const create = async (change: object = {}, billing: object = {}) =>
  (await host.call("POST", "/vaults", vaultBody(change, billing))).body.vault;
const code = (n: string) => `BackupService.${n}`;

describe("creating a vault", () => {
  it("answers at once with an available vault (VLT-01) that GET repeats in every shared field", async () => {
    host.resources.addServer("srv", 2);
    const sent = vaultBody(
      {
        description: "for the database",
        tags: [
          { key: "b", value: "2" },
          { key: "a", value: "" },
        ],
        bind_rules: { tags: [{ key: "env", value: "prod" }] },
        auto_bind: true,
        auto_expand: true,
        smn_notify: false,
        threshold: 55,
        locked: true,
        backup_name_prefix: "pre-",
        availability_zone: "az-1",
        sys_lock_source_service: "SMB",
        resources: [serverResource("srv", { extra_info: { exclude_volumes: ["srv-d1"] } })],
      },
      { object_type: "server", consistent_level: "app_consistent", is_multi_az: true },
    );
    const { status, body } = await host.call("POST", "/vaults", sent);
    expect(status).toBe(200);
    const { cbc_delete_count, frozen, ...shared } = body.vault;
    expect({ cbc_delete_count, frozen }).toEqual({ cbc_delete_count: 0, frozen: false });
    const got = await host.call("GET", `/vaults/${body.vault.id}`);
    expect(got).toEqual({ status: 200, body: { vault: shared } });
    expect(shared).toMatchObject({
      name: "vault-demo",
      description: "for the database",
      project_id: PROJECT,
      provider_id: "0daac4c5-6707-4851-97ba-169e36266b66",
      created_at: "2030-01-02T03:04:05.678000",
      tags: sent.vault.tags,
      bind_rules: sent.vault.bind_rules,
      auto_bind: true,
      auto_expand: true,
      smn_notify: false,
      threshold: 55,
      locked: true,
      backup_name_prefix: "pre-",
      availability_zone: "az-1",
      sys_lock_source_service: "SMB",
      enterprise_project_id: "0",
      billing: {
        allocated: 20,
        used: 0,
        size: 100,
        status: "available",
        charging_mode: "post_paid",
        cloud_type: "public",
        object_type: "server",
        protect_type: "backup",
        consistent_level: "app_consistent",
        spec_code: "vault.backup.database.normal",
        is_multi_az: true,
      },
      resources: [
        {
          id: "srv",
          type: "OS::Nova::Server",
          name: "server-srv",
          protect_status: "available",
          size: 20,
          backup_size: 0,
          backup_count: 0,
          extra_info: { exclude_volumes: ["srv-d1"] },
        },
      ],
    });
  });

  it.each([
    ["OSC", { bind_rules: { tags: [] } }, { is_auto_renew: true, is_auto_pay: true, charging_mode: "post_paid" }],
    ["TF-OTC", {}, { period_type: "month" }],
    ["TF-HW", { locked: false, resources: [] }, { is_multi_az: false, consistent_level: "crash_consistent" }],
    ["Gopher's empty level", {}, { consistent_level: "", extra_info: { combined_order_id: "" } }],
    ["members that are null", { description: null, tags: null, bind_rules: null, backup_policy_id: null }, {}],
    ["OSC's operation_type", {}, { protect_type: undefined, operation_type: "backup" }],
  ])("takes the body of %s (clients.md 2.1)", async (_, change, billing) => {
    const vault = await create(change, billing);
    expect(vault).toMatchObject({ bind_rules: {}, tags: [], threshold: 80, smn_notify: true, locked: false });
    expect(vault.billing).toMatchObject({
      charging_mode: "post_paid",
      cloud_type: "public",
      protect_type: "backup",
      consistent_level: "crash_consistent",
    });
  });

  it.each(["server", "disk", "turbo", "workspace", "vmware", "rds", "file"])(
    "takes the object type %s",
    async (object_type) => {
      expect((await create({}, { object_type })).billing.object_type).toBe(object_type);
    },
  );

  it("lets two vaults have one name (VLT-05)", async () => {
    const [a, b] = [await create(), await create()];
    expect(a.id).not.toBe(b.id);
    expect(a.name).toBe(b.name);
  });

  const tags = (n: number) => Array.from({ length: n }, (_, i) => ({ key: `k${i}`, value: "" }));
  it.each([
    ["no name (VLT-04)", { name: undefined }, {}, 400, "9900", "vault.name"],
    ["a name with a blank", { name: "a b" }, {}, 400, "9900", "vault.name"],
    ["a name of 65 characters", { name: "x".repeat(65) }, {}, 400, "9900", "vault.name"],
    ["a description with a tag", { description: "<b>" }, {}, 400, "9900", "vault.description"],
    ["9 GB (VLT-03)", {}, { size: 9 }, 400, "6101", "vault.billing.size"],
    ["10485761 GB (VLT-03)", {}, { size: 10_485_761 }, 400, "6101", "vault.billing.size"],
    ["a size that is text", {}, { size: "100" }, 400, "9900", "vault.billing.size"],
    ["an unknown object type", {}, { object_type: "tape" }, 400, "9900", "vault.billing.object_type"],
    ["an unknown protect type", {}, { protect_type: "copy" }, 400, "6116", "vault.billing.protect_type"],
    ["no protect type", {}, { protect_type: undefined }, 400, "9900", "vault.billing.protect_type"],
    ["application-consistent disks", {}, { consistent_level: "app_consistent" }, 400, "9900", "consistent_level"],
    ["a prepaid vault", {}, { charging_mode: "pre_paid" }, 400, "9900", "vault.billing.charging_mode"],
    ["a policy that does not exist", { backup_policy_id: "p-1" }, {}, 404, "6000", "p-1"],
    ["threshold 0", { threshold: 0 }, {}, 400, "9900", "vault.threshold"],
    ["threshold 101", { threshold: 101 }, {}, 400, "9900", "vault.threshold"],
    ["21 tags", { tags: tags(21) }, {}, 400, "6600", "vault.tags"],
    ["a tag twice", { tags: [...tags(1), ...tags(1)] }, {}, 400, "9900", "vault.tags[1].key"],
    ["a tag key with =", { tags: [{ key: "a=b", value: "" }] }, {}, 400, "9900", "vault.tags[0].key"],
    ["six bind rules", { bind_rules: { tags: tags(6) } }, {}, 400, "9900", "vault.bind_rules.tags"],
    ["demand billing", { demand_billing: true }, {}, 400, "9900", "vault.demand_billing"],
    ["a locked that is text", { locked: "true" }, {}, 400, "9900", "vault.locked"],
  ])("refuses %s and names the field", async (_, change, billing, status, number, field) => {
    const answer = await host.call("POST", "/vaults", vaultBody(change, billing));
    expect([answer.status, answer.body.error_code]).toEqual([status, code(number)]);
    expect(answer.body.error_msg).toContain(field);
    expect((await host.call("GET", "/vaults")).body.vaults).toEqual([]);
  });
});

describe("showing and listing vaults", () => {
  it("answers 404 6105 for a vault that does not exist, a name, and another project's vault", async () => {
    const foreign = { ...CALLER, projectId: "b".repeat(32) };
    const draft = parseBody(createVaultBody, vaultBody()).draft;
    const theirs = await createVault(host.services, foreign, draft);
    for (const id of ["11111111-1111-4111-8111-111111111111", "vault-demo", theirs.vault.id]) {
      const { status, body } = await host.call("GET", `/vaults/${id}`);
      expect([status, body.error_code]).toEqual([404, code("6105")]);
    }
    expect((await host.call("GET", `/vaults?id=${theirs.vault.id}`)).body.vaults).toEqual([]);
  });

  it("pages newest first by offset and by marker, with an empty page after the last row", async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
      host.clock.now += 1000;
      ids.unshift((await create({ name: `v${i}` })).id);
    }
    const page = async (query: string) => {
      const { status, body } = await host.call("GET", `/vaults?${query}`);
      expect(status).toBe(200);
      return {
        ids: body.vaults.map((v: { id: string }) => v.id),
        count: body.count,
        limit: body.limit,
        offset: body.offset,
      };
    };
    expect(await page("")).toEqual({ ids, count: 5, limit: 1000, offset: 0 });
    expect(await page("limit=2&offset=0")).toEqual({ ids: ids.slice(0, 2), count: 5, limit: 2, offset: 0 });
    expect(await page("limit=2&offset=4")).toEqual({ ids: ids.slice(4), count: 5, limit: 2, offset: 4 });
    expect((await page("limit=2&offset=100")).ids).toEqual([]);
    expect(await page(`limit=2&marker=${ids[1]}`)).toEqual({ ids: ids.slice(2, 4), count: 5, limit: 2, offset: 0 });
    expect((await page(`limit=2&marker=${ids[4]}`)).ids).toEqual([]);
  });

  it("filters by every documented parameter", async () => {
    host.resources.addDisk("d1");
    host.resources.addDisk("d2");
    host.resources.addServer("s1");
    const disks = await create({ name: "alpha-disks", resources: [diskResource("d1")] });
    const servers = await create(
      { name: "beta-servers", resources: [serverResource("s1")] },
      { object_type: "server" },
    );
    const copies = await create({ name: "beta-copies" }, { object_type: "server", protect_type: "replication" });
    const hybrid = await create({ enterprise_project_id: "eps-1" }, { object_type: "vmware", cloud_type: "hybrid" });
    const named = async (query: string) =>
      (await host.call("GET", `/vaults?${query}`)).body.vaults.map((v: { id: string }) => v.id).sort();
    const sorted = (...all: { id: string }[]) => all.map((v) => v.id).sort();
    expect(await named("name=beta")).toEqual(sorted(servers, copies));
    expect(await named("name=alpha-disks")).toEqual(sorted(disks));
    expect(await named("object_type=server")).toEqual(sorted(servers, copies));
    expect(await named("object_type=server&protect_type=backup")).toEqual(sorted(servers));
    expect(await named("cloud_type=hybrid")).toEqual(sorted(hybrid));
    expect(await named("cloud_type=public&limit=100&offset=0")).toEqual(sorted(disks, servers, copies));
    expect(await named("status=available")).toHaveLength(4);
    expect(await named("status=deleting")).toEqual([]);
    expect(await named("policy_id=x")).toEqual([]);
    expect(await named(`id=${disks.id}&id=${copies.id}`)).toEqual(sorted(disks, copies));
    expect(await named(`id=${disks.id},${copies.id}`)).toEqual(sorted(disks, copies));
    expect(await named("resource_ids=d1,s1,d2,none")).toEqual(sorted(disks, servers));
    expect(await named(`resource_ids=d1&id=${servers.id}`)).toEqual([]);
    expect(await named("resource_ids=d2")).toEqual([]);
    expect(await named("resource_ids=s1-d0")).toEqual([]);
    expect(await named("enterprise_project_id=eps-1")).toEqual(sorted(hybrid));
    expect(await named("enterprise_project_id=all_granted_eps")).toHaveLength(4);
    expect(await named("unknown=1")).toHaveLength(4);
  });

  it.each(["limit=0", "limit=1001", "limit=x", "offset=-1", "offset=2147483648", "marker=nothing"])(
    "refuses %s",
    async (query) => {
      const { status, body } = await host.call("GET", `/vaults?${query}`);
      expect([status, body.error_code]).toEqual([400, code("9900")]);
      expect(body.error_msg).toContain(query.split("=")[0]);
    },
  );
});

describe("changing a vault (VLT-15)", () => {
  const put = (id: string, vault: object) => host.call("PUT", `/vaults/${id}`, { vault });

  it("changes what is sent and leaves the rest", async () => {
    const before = await create({ threshold: 55, bind_rules: { tags: [{ key: "a", value: "b" }] } });
    host.clock.now += 60_000;
    const { status, body } = await put(before.id, {
      auto_bind: false,
      auto_expand: true,
      billing: { size: 70 },
      name: "renamed",
      description: "cannot be changed",
    });
    expect(status).toBe(200);
    const { cbc_delete_count: _, frozen: __, ...shared } = before;
    expect(body.vault).toEqual({
      ...shared,
      name: "renamed",
      auto_expand: true,
      updated_at: "2030-01-02T03:05:05.678000",
      billing: { ...before.billing, size: 70 },
    });
    expect((await host.call("GET", `/vaults/${before.id}`)).body.vault).toEqual(body.vault);
  });

  it.each([{ tags: [] }, {}])("clears bind rules with %j", async (bind_rules) => {
    const { id } = await create({ bind_rules: { tags: [{ key: "a", value: "b" }] } });
    expect((await put(id, { bind_rules })).body.vault.bind_rules).toEqual({});
  });

  it("takes no time, so the vault is in no status lock: all at once are done, and what is bound meanwhile is bound (VLT-13)", async () => {
    const { id } = await create({}, { object_type: "server" });
    host.resources.addServer("s1");
    const answers = await Promise.all([
      put(id, { billing: { size: 200 } }),
      put(id, { billing: { consistent_level: "app_consistent" } }),
      host.call("POST", `/vaults/${id}/addresources`, { resources: [serverResource("s1")] }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    for (const { body } of answers.slice(0, 2)) expect(body.vault.billing.status).toBe("available");
    const { billing, resources } = (await host.call("GET", `/vaults/${id}`)).body.vault;
    expect(billing).toMatchObject({ status: "available", size: 200, consistent_level: "app_consistent" });
    expect(resources.map((one: { id: string }) => one.id)).toEqual(["s1"]);
  });

  it("locks for ever (VLT-50) and goes only from crash to application consistency (VLT-16)", async () => {
    const disk = await create();
    expect((await put(disk.id, { locked: true })).body.vault.locked).toBe(true);
    expect((await put(disk.id, { locked: false })).body.error_code).toBe(code("6110"));
    expect((await put(disk.id, { billing: { consistent_level: "app_consistent" } })).body.error_code).toBe(
      code("6110"),
    );
    const server = await create({}, { object_type: "server" });
    const raised = await put(server.id, { billing: { consistent_level: "app_consistent" } });
    expect(raised.body.vault.billing).toMatchObject({
      consistent_level: "app_consistent",
      spec_code: "vault.backup.database.normal",
    });
    expect((await put(server.id, { billing: { consistent_level: "crash_consistent" } })).body.error_code).toBe(
      code("6110"),
    );
  });

  it("refuses what a vault cannot be", async () => {
    const { id } = await create();
    for (const [vault, number] of [
      [{ billing: { size: 0 } }, "6101"],
      [{ billing: { size: 10_485_761 } }, "6101"],
      [{ threshold: 101 }, "9900"],
      [{ name: "" }, "9900"],
    ] as const)
      expect((await put(id, vault)).body.error_code).toBe(code(number));
    expect((await put("none", { name: "x" })).status).toBe(404);
  });
});

describe("binding and removing resources", () => {
  it("adds, answers the ids, and replaces extra_info of what is bound here (VLT-25)", async () => {
    host.resources.addServer("s1", 3);
    const { id } = await create({}, { object_type: "server" });
    const add = (extra_info: object | undefined) =>
      host.call("POST", `/vaults/${id}/addresources`, { resources: [serverResource("s1", { extra_info })] });
    const shown = async () => (await host.call("GET", `/vaults/${id}`)).body.vault.resources[0].extra_info;
    expect(await add(undefined)).toEqual({ status: 200, body: { add_resource_ids: ["s1"] } });
    expect(await shown()).toEqual({});
    await add({ exclude_volumes: ["s1-d1"] });
    expect(await shown()).toEqual({ exclude_volumes: ["s1-d1"] });
    await add({ include_volumes: [{ id: "s1-d0", os_version: "x" }] });
    expect(await shown()).toEqual({ include_volumes: [{ id: "s1-d0", os_version: "x" }] });
  });

  it.each([
    [{}, "resources"],
    [{ resources: [] }, "resources"],
    [{ resources: [{ type: "OS::Cinder::Volume" }] }, "resources[0].id"],
    [{ resources: [{ id: "d1" }] }, "resources[0].type"],
    [{ resources: [diskResource("x".repeat(65))] }, "resources[0].id"],
  ])("refuses the body %j and names the field", async (body, field) => {
    const { id } = await create();
    const answer = await host.call("POST", `/vaults/${id}/addresources`, body);
    expect([answer.status, answer.body.error_code]).toEqual([400, code("9900")]);
    expect(answer.body.error_msg).toContain(field);
  });

  it("starts the removal under both spellings of the body (VLT-28) and refuses twice (VLT-29)", async () => {
    host.resources.addDisk("d1");
    host.resources.addDisk("d2");
    const { id } = await create({ resources: [diskResource("d1"), diskResource("d2")] });
    const remove = (body: object) => host.call("POST", `/vaults/${id}/removeresources`, body);
    expect(await remove({ resource_ids: ["d1"] })).toEqual({ status: 200, body: { remove_resource_ids: ["d1"] } });
    expect(await remove({ resources_ids: ["d2"] })).toEqual({ status: 200, body: { remove_resource_ids: ["d2"] } });
    expect((await remove({ resource_ids: ["d1"] })).body.error_code).toBe(code("6134"));
    expect((await remove({ resource_ids: ["none"] })).body.error_code).toBe(code("6135"));
    expect((await remove({})).body.error_msg).toContain("resource_ids");
    const again = await host.call("POST", `/vaults/${id}/addresources`, { resources: [diskResource("d1")] });
    expect(again.body.error_code).toBe(code("6134"));
  });

  it("starts the deletion with 204 and then refuses changes and bindings with 6112 (VLT-08, VLT-09)", async () => {
    host.resources.addDisk("d1");
    const { id } = await create();
    expect(await host.call("DELETE", `/vaults/${id}`)).toEqual({ status: 204, body: undefined });
    expect((await host.call("GET", `/vaults/${id}`)).body.vault.billing.status).toBe("deleting");
    expect((await host.call("PUT", `/vaults/${id}`, { vault: { name: "x" } })).body.error_code).toBe(code("6112"));
    const bind = await host.call("POST", `/vaults/${id}/addresources`, { resources: [diskResource("d1")] });
    expect(bind.body.error_code).toBe(code("6112"));
  });
});
