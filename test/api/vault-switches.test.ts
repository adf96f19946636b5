/** Do the operations over many vaults or resources behave on the wire as clients need them to? (#14, #15, #17, #18, #52, #68–#70) */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { projectKey } from "../../core/app/identity/records.ts";
import { bindingKey } from "../../core/app/records/keys.ts";
import { bindings, load, replace } from "../../core/app/records/tables.ts";
import { GIB } from "../../core/domain/values.ts";
import {
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

const create = async (change: object = {}, billing: object = {}): Promise<string> => {
  const { body } = await host.call("POST", "/vaults", vaultBody(change, billing));
  host.clock.now += 1;
  return body.vault.id;
};
const refusal = async (method: string, path: string, body?: unknown) => {
  const answer = await host.call(method, path, body);
  return [answer.status, answer.body?.error_code];
};
const nobody = "11111111-1111-4111-8111-111111111111";

/** Changes a binding as runs do. */
async function change(vaultId: string, resourceId: string, to: object): Promise<void> {
  const binding = await load(host.records, bindings, bindingKey(vaultId, resourceId));
  if (binding === undefined) throw new Error(`${resourceId} is not bound`);
  await host.records.write(replace(bindings, { ...binding, ...to }));
}
const bindingOf = async (vaultId: string, resourceId: string) =>
  load(host.records, bindings, bindingKey(vaultId, resourceId));

describe("#14 set-resources (VLT-31)", () => {
  it.each(["set-resources", "set_resource"])("suspends and unsuspends on the path %s (D-12)", async (path) => {
    for (const id of ["d1", "d2"]) host.resources.addDisk(id);
    const id = await create({ resources: [diskResource("d1"), diskResource("d2")] });
    const set = (action: string) => host.call("PUT", `/vaults/${id}/${path}`, { resource_ids: ["d1"], action });
    expect(await set("suspend")).toEqual({ status: 200, body: { set_resource_ids: ["d1"] } });
    expect(await bindingOf(id, "d1")).toMatchObject({ suspended: true });
    expect((await bindingOf(id, "d2"))?.suspended).toBeUndefined();
    expect((await set("suspend")).status).toBe(200);
    expect((await set("unsuspend")).status).toBe(200);
    expect(await bindingOf(id, "d1")).toMatchObject({ suspended: false });
  });

  it("takes 256 resources at once", async () => {
    const ids = Array.from({ length: 256 }, (_, i) => `d${i}`);
    for (const id of ids) host.resources.addDisk(id);
    const vault = await create({ resources: ids.slice(0, 255).map((id) => diskResource(id)) });
    await host.call("POST", `/vaults/${vault}/addresources`, { resources: [diskResource("d255")] });
    const answer = await host.call("PUT", `/vaults/${vault}/set-resources`, { resource_ids: ids, action: "suspend" });
    expect(answer).toEqual({ status: 200, body: { set_resource_ids: ids } });
    for (const id of ["d0", "d100", "d255"]) expect((await bindingOf(vault, id))?.suspended).toBe(true);
  });

  it("refuses with the contract's codes, and then changes nothing (6105, 6134, 6135, 6104, 9900)", async () => {
    for (const id of ["d1", "d2"]) host.resources.addDisk(id);
    const id = await create({ resources: [diskResource("d1"), diskResource("d2")] });
    const set = (resource_ids: string[], action = "suspend", vault = id) =>
      refusal("PUT", `/vaults/${vault}/set-resources`, { resource_ids, action });
    expect(await set(["d1"], "suspend", nobody)).toEqual([404, "BackupService.6105"]);
    expect(await set(["d1", "dx"])).toEqual([400, "BackupService.6135"]);
    expect(await set(["d1", "d1"])).toEqual([400, "BackupService.6104"]);
    expect(await set(["d1"], "pause")).toEqual([400, "BackupService.9900"]);
    expect(await set([])).toEqual([400, "BackupService.9900"]);
    await change(id, "d2", { status: "removing" });
    expect(await set(["d1", "d2"])).toEqual([400, "BackupService.6134"]);
    expect((await bindingOf(id, "d1"))?.suspended).toBeUndefined();
  });
});

describe("#15 batch-update", () => {
  const update = (vault: object) => host.call("PUT", "/vaults/batch-update", { vault });
  it("changes every vault of the project, and only what is given", async () => {
    const ids = [await create({ threshold: 50 }), await create({ smn_notify: false })];
    expect(await update({ threshold: 90 })).toEqual({ status: 200, body: { updated_vaults_id: [...ids].reverse() } });
    const shown = await Promise.all(ids.map(async (id) => (await host.call("GET", `/vaults/${id}`)).body.vault));
    expect(shown).toMatchObject([
      { threshold: 90, smn_notify: true },
      { threshold: 90, smn_notify: false },
    ]);
    await update({ smn_notify: true, threshold: 1 });
    expect((await host.call("GET", `/vaults/${ids[1]}`)).body.vault).toMatchObject({ threshold: 1, smn_notify: true });
  });

  it("answers an empty list in a project without vaults", async () => {
    expect(await update({ threshold: 90 })).toEqual({ status: 200, body: { updated_vaults_id: [] } });
  });

  it.each([[{}], [{ threshold: 0 }], [{ threshold: 101 }], [{ smn_notify: "true" }]])(
    "refuses %j (9900)",
    async (vault) => {
      expect(await refusal("PUT", "/vaults/batch-update", { vault })).toEqual([400, "BackupService.9900"]);
    },
  );
});

describe("what is used", () => {
  const two = async () => {
    host.resources.addDisk("d1");
    host.resources.addServer("srv", 2);
    const disks = await create({ resources: [diskResource("d1")] });
    const servers = await create(
      { resources: [serverResource("srv")] },
      { object_type: "server", size: 50, is_multi_az: true },
    );
    await change(disks, "d1", { used: 3 * GIB + 1, backups: 2 });
    await change(servers, "srv", { used: 5 * 1024 ** 2, backups: 1 });
    return { disks, servers };
  };

  it("#17 sums sizes and use up in GB (S-7)", async () => {
    expect(await host.call("GET", "/vaults/summary")).toEqual({ status: 200, body: { size: 0, used_size: 0 } });
    await two();
    expect(await host.call("GET", "/vaults/summary")).toEqual({ status: 200, body: { size: 150, used_size: 4 } });
  });

  it("#68 shows every resource's use, in MB (CAP-10, S-10)", async () => {
    await two();
    const disk = { resource_id: "d1", resource_name: "disk-d1", resource_type: "OS::Cinder::Volume", backup_count: 2 };
    const server = {
      resource_id: "srv",
      resource_name: "server-srv",
      resource_type: "OS::Nova::Server",
      backup_count: 1,
    };
    const all = [
      { ...server, backup_size: 5, backup_size_multiaz: 5 },
      { ...disk, backup_size: 3073, backup_size_multiaz: 0 },
    ];
    const usage = async (query: string) => (await host.call("GET", `/storage_usage${query}`)).body;
    expect(await usage("")).toEqual({ resource_count: 2, storage_usage: all });
    expect(await usage("?limit=1&offset=1")).toEqual({ resource_count: 2, storage_usage: [all[1]] });
    expect(await usage("?offset=7")).toEqual({ resource_count: 2, storage_usage: [] });
    expect(await usage("?resource_id=d1")).toEqual({ resource_count: 1, storage_usage: [all[1]] });
    expect(await usage("?resource_id=none")).toEqual({ resource_count: 0, storage_usage: [] });
    expect(await usage("?resource_type=OS::Nova::Server")).toEqual({ resource_count: 1, storage_usage: [all[0]] });
    expect(await refusal("GET", "/storage_usage?resource_type=tape")).toEqual([400, "BackupService.9900"]);
  });
});

const named = (name: string) =>
  host.records.write({
    op: "put",
    item: { ...projectKey(PROJECT), v: 1, body: { id: PROJECT, name, domainId: "d" } },
    if: "absent",
  });

describe("#18 external vaults", () => {
  const list = async (path: string) => (await host.call("GET", path)).body;
  it.each(["/vaults/external", "/external_vaults"])(
    "are those of a project of the caller in this region: %s (D-26)",
    async (path) => {
      await named("here-1");
      const disks = await create();
      const servers = await create({}, { object_type: "server", protect_type: "replication" });
      const query = `${path}?external_project_id=${PROJECT}&region_id=here-1`;
      const ids = async (more = "") => (await list(query + more)).vaults.map(({ id }: { id: string }) => id);
      expect(await list(`${query}&limit=1`)).toMatchObject({
        vaults: [{ id: servers }],
        count: 2,
        limit: 1,
        offset: 0,
      });
      expect(await ids("&objcet_type=disk")).toEqual([disks]);
      expect(await ids("&object_type=server")).toEqual([servers]);
      expect(await ids("&protect_type=replication")).toEqual([servers]);
      expect(await ids("&protect_type=hybrid")).toEqual([]);
      expect(await ids(`&vault_id=${disks}&protect_type=replication`)).toEqual([disks]);
    },
  );

  it("are none in another region or in a project that is not the caller's", async () => {
    await named("here-1");
    await create();
    const none = { vaults: [], count: 0, limit: 1000, offset: 0 };
    expect(await list(`/vaults/external?external_project_id=${PROJECT}&region_id=there-1`)).toEqual(none);
    expect(await list("/vaults/external?external_project_id=other&region_id=here-1")).toEqual(none);
  });

  it.each(["?region_id=here-1", `?external_project_id=${PROJECT}`])(
    "need both places: %s is refused (9900)",
    async (query) => {
      expect(await refusal("GET", `/vaults/external${query}`)).toEqual([400, "BackupService.9900"]);
    },
  );
});

describe("what the service can do", () => {
  it("#52 names this region and no place to replicate to", async () => {
    await named("here-1");
    expect(await host.call("GET", "/replication-capabilities")).toEqual({
      status: 200,
      body: { regions: [{ name: "here-1", replication_destinations: [] }] },
    });
  });

  it("#69 lists the features as one flat map, #70 shows one of them", async () => {
    await named("here-1");
    const { body } = await host.call("GET", "/cbr-features");
    expect(body).toMatchObject({ "replication.enable": false, "replication.source_region": "here-1" });
    expect(Object.keys((await host.call("GET", "/cbr-features?limit=2&offset=1")).body)).toEqual(
      Object.keys(body).slice(1, 3),
    );
    expect(await host.call("GET", "/cbr-features/replication.enable")).toEqual({
      status: 200,
      body: { "replication.enable": false },
    });
  });

  it.each(["/cbr-features/toString", "/cbr-features/x", "/cbr-features?limit=1001"])(
    "refuses %s (9900)",
    async (path) => {
      expect(await refusal("GET", path)).toEqual([400, "BackupService.9900"]);
    },
  );
});
