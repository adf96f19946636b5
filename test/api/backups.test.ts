/** Are backups shown, found, renamed, restored and deleted on the wire as clients need it? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memberKey } from "../../core/app/records/keys.ts";
import { insertAt } from "../../core/app/records/tables.ts";
import { DISK, SERVER } from "../../core/domain/resource-types.ts";
import { GIB } from "../../core/domain/values.ts";
import { OPERATIONS } from "../../functions/api/operations.ts";
import { backupRow, changeBackup, partRow, putBackup } from "../support/backup-rows.ts";
import { createVaultHost, PROJECT, type VaultHost, vaultBody } from "../support/vault-host.ts";

let host: VaultHost;
beforeEach(() => {
  host = createVaultHost();
});
afterEach(() => host.close());

const list = async (query: string): Promise<string[]> => {
  const { status, body } = await host.call("GET", `/backups?${query}`);
  expect([status, typeof body.count, typeof body.limit, typeof body.offset]).toEqual([
    200,
    "number",
    "number",
    "number",
  ]);
  return body.backups.map((b: { id: string }) => b.id);
};
const at = (second: number) => Date.parse("2030-01-02T00:00:00Z") + second * 1000;

describe("showing a backup", () => {
  it("has the contract's members, with numbers and nulls where clients decode them", async () => {
    await putBackup(host.records, backupRow("b1"), [partRow("b1", "b1", { system: true })]);
    const { status, body } = await host.call("GET", "/backups/b1");
    expect(status).toBe(200);
    expect(body.backup).toEqual({
      id: "b1",
      name: "backup-b1",
      description: "",
      status: "available",
      image_type: "backup",
      incremental: true,
      version: 3,
      checkpoint_id: "c1",
      vault_id: "v1",
      project_id: PROJECT,
      provider_id: "d1603440-187d-4516-af25-121250c7cc97",
      resource_id: "r1",
      resource_name: "disk-demo",
      resource_type: DISK,
      resource_az: null,
      resource_size: 4,
      enterprise_project_id: "0",
      parent_id: null,
      created_at: "2030-01-02T03:04:05.006000",
      updated_at: "2030-01-02T03:09:00.000000",
      protected_at: "2030-01-02T03:04:06.000000",
      expired_at: null,
      replication_records: [],
      extend_info: {
        auto_trigger: false,
        bootable: true,
        system_disk: true,
        contain_system_disk: false,
        encrypted: false,
        incremental: true,
        snapshot_id: null,
        support_lld: false,
        supported_restore_mode: "backup",
        os_images_data: null,
        architecture: null,
        progress: null,
        is_multi_az: false,
        app_consistency: null,
      },
      children: [],
    });
  });

  it("of a server has a child per disk, each found by its own id (CON-06)", async () => {
    const server = backupRow("b1", { resourceType: SERVER, resourceId: "s1", containSystemDisk: true });
    await putBackup(host.records, server, [
      partRow("b1", "c-1", { system: true, diskName: "root" }),
      partRow("b1", "c-2", { diskName: "data", size: 2 * GIB }),
    ]);
    const { body } = await host.call("GET", "/backups/b1");
    expect(body.backup.extend_info).toMatchObject({ contain_system_disk: true, bootable: null });
    expect(body.backup.children).toMatchObject([
      {
        id: "c-1",
        name: "backup-b1_root",
        parent_id: "b1",
        resource_id: "disk-of-c-1",
        resource_type: DISK,
        resource_size: 1,
        status: "available",
        created_at: body.backup.created_at,
        protected_at: body.backup.protected_at,
        extend_info: { bootable: true },
        children: [],
      },
      { id: "c-2", name: "backup-b1_data", parent_id: "b1", resource_size: 2, extend_info: { bootable: false } },
    ]);
    expect((await host.call("GET", "/backups/c-2")).body.backup).toEqual(body.backup.children[1]);
    expect(await list("parent_id=b1")).toEqual(expect.arrayContaining(["c-1", "c-2"]));
    expect(await list("parent_id=b1&name=root")).toEqual(["c-1"]);
    expect(await list("")).toEqual(["b1"]);
    expect((await host.call("GET", "/backups?")).body.backups[0].children).toEqual([]);
  });

  it("of a run that is not sealed has no children and no restore mode yet", async () => {
    const running = backupRow("b1", { resourceType: SERVER, status: "protecting" });
    const { protectedAt: _, ...row } = running;
    await putBackup(host.records, row);
    const { body } = await host.call("GET", "/backups/b1");
    expect(body.backup).toMatchObject({ status: "protecting", protected_at: null, children: [] });
    expect(body.backup.extend_info.supported_restore_mode).toBe("na");
  });

  it("hands out neither its bytes nor where they lie: there is no download, and no export (CON-20)", async () => {
    const server = backupRow("b1", { resourceType: SERVER, resourceId: "s1" });
    await putBackup(host.records, server, [partRow("b1", "c-1"), partRow("b1", "c-2")]);
    // All that can be done with one backup; who adds something looks at this sentence first.
    const known = OPERATIONS.filter(([, , , path]) => path.includes("{backup_id}"));
    expect([...new Set(known.map(([, name]) => name))].sort()).toEqual([
      "AddMember",
      "CopyBackup",
      "DeleteBackup",
      "DeleteMember",
      "RestoreBackup",
      "ShowBackup",
      "ShowFate",
      "ShowMemberDetail",
      "ShowMembersDetail",
      "ShowMetadata",
      "UndeleteBackup",
      "UpdateBackup",
      "UpdateMemberStatus",
    ]);
    for (const path of ["/backups/b1", "/backups/c-1", "/backups/b1/metadata", "/backups/b1/members", "/backups"]) {
      const { status, body } = await host.call("GET", path);
      expect(status).toBe(200);
      expect(JSON.stringify(body)).not.toMatch(/packs\/|roots\/|bucket|https?:|"url"/);
    }
    expect((await host.call("GET", "/backups/b1/content")).body.error_code).toBe("APIGW.0101");
  });

  it("that does not exist, or is another project's, is 404 6200", async () => {
    await putBackup(host.records, backupRow("b1", { projectId: "b".repeat(32) }));
    for (const id of ["b1", "none", "a-name"])
      for (const path of [`/backups/${id}`, `/backups/${id}/metadata`]) {
        const { status, body } = await host.call("GET", path);
        expect([status, body.error_code]).toEqual([404, "BackupService.6200"]);
      }
    expect(await list("")).toEqual([]);
    expect(await list("vault_id=v1")).toEqual([]);
    expect(await list("id=b1")).toEqual([]);
  });
});

describe("listing backups", () => {
  beforeEach(async () => {
    const rows = [
      backupRow("b1", { createdAt: at(1), name: "nightly-1", checkpointId: "c1", updatedAt: at(9) }),
      backupRow("b2", { createdAt: at(2), name: "nightly-2", checkpointId: "c2", vaultId: "v2", updatedAt: at(8) }),
      backupRow("b3", { createdAt: at(3), status: "error", checkpointId: "c2", resourceId: "r2", incremental: false }),
      backupRow("b4", { createdAt: at(4), resourceType: SERVER, resourceName: "web", enterpriseProjectId: "eps" }),
    ];
    for (const row of rows) {
      await putBackup(host.records, row);
      const key = memberKey(row.checkpointId, row.id);
      const { resourceId, resourceType, taskId } = row;
      const member = {
        schema: 1,
        resourceId,
        resourceType,
        name: "n",
        size: 1,
        backupId: row.id,
        taskId,
        status: "available",
      };
      await host.records.write(insertAt({ key }, member));
    }
  });

  it.each([
    ["", ["b4", "b3", "b2", "b1"]],
    ["checkpoint_id=c2", ["b3", "b2"]],
    ["checkpoint_id=c2&incremental=true&offset=1", []],
    ["checkpoint_id=c2&incremental=true", ["b2"]],
    ["checkpoint_id=none", []],
    ["vault_id=v2", ["b2"]],
    ["resource_id=r2", ["b3"]],
    ["resource_id=r1&vault_id=v1", ["b4", "b1"]],
    ["id=b1,b3", ["b3", "b1"]],
    ["name=nightly", ["b2", "b1"]],
    ["name=nightly-1", ["b1"]],
    ["status=error&status=protecting", ["b3"]],
    ["status=available,error&limit=2", ["b4", "b3"]],
    ["image_type=backup", ["b4", "b3", "b2", "b1"]],
    ["image_type=replication", []],
    ["resource_name=web", ["b4"]],
    ["resource_type=OS::Nova::Server", ["b4"]],
    ["resource_az=az-1", []],
    ["start_time=2030-01-02T00:00:02Z&end_time=2030-01-02T00:00:03Z", ["b3", "b2"]],
    ["start_time=2030-01-02T00:00:04Z", ["b4"]],
    ["end_time=2030-01-02T00:00:01Z&vault_id=v1", ["b1"]],
    ["enterprise_project_id=eps", ["b4"]],
    ["enterprise_project_id=all_granted_eps", ["b4", "b3", "b2", "b1"]],
    ["own_type=private", ["b4", "b3", "b2", "b1"]],
    ["own_type=shared&member_status=accept", []],
    ["own_type=all_granted", ["b4", "b3", "b2", "b1"]],
    ["incremental=true", ["b4", "b2", "b1"]],
    ["incremental=false", ["b4", "b3", "b2", "b1"]],
    ["incremental=False&show_replication=true&dec=x", ["b4", "b3", "b2", "b1"]],
    ["used_percent=1", []],
    ["sort=created_at:asc", ["b1", "b2", "b3", "b4"]],
    ["sort=status,name:asc", ["b3", "b4", "b1", "b2"]],
    ["sort=updated_at:desc&vault_id=v1", ["b4", "b3", "b1"]],
    ["sort=id:asc&marker=b1&limit=2", ["b2", "b3"]],
    ["limit=2&marker=b3", ["b2", "b1"]],
    ["limit=2&marker=b1", []],
    ["offset=4", []],
  ])("%s (cbr-api #34)", async (query, ids) => {
    expect(await list(query)).toEqual(ids);
  });

  it.each([
    "own_type=mine",
    "start_time=yesterday",
    "start_time=2030-01-02T00:00:03Z&end_time=2030-01-02T00:00:02Z",
    "used_percent=101",
    "sort=size",
    "incremental=1",
    "marker=none",
  ])("refuses %s and names it", async (query) => {
    const { status, body } = await host.call("GET", `/backups?${query}`);
    expect([status, body.error_code]).toEqual([400, "BackupService.9900"]);
    expect(body.error_msg).toContain(query.split("=")[0]);
  });

  it("counts what matches, over all pages", async () => {
    expect((await host.call("GET", "/backups?limit=1&name=nightly")).body).toMatchObject({
      count: 2,
      limit: 1,
      offset: 0,
    });
  });
});

describe("renaming a backup (#36)", () => {
  const rename = (id: string, name: unknown) => host.call("PUT", `/backups/${id}`, { backup: { name } });

  it("answers the renamed backup, whose children follow", async () => {
    await putBackup(host.records, backupRow("b1", { resourceType: SERVER }), [
      partRow("b1", "c-1", { diskName: "root" }),
    ]);
    const { status, body } = await rename("b1", "better");
    expect([status, body.backup.name, body.backup.children[0].name]).toEqual([200, "better", "better_root"]);
    expect(await list("name=better")).toEqual(["b1"]);
  });

  it("refuses bad names, disks of a server backup, and what is going", async () => {
    await putBackup(host.records, backupRow("b1", { resourceType: SERVER }), [partRow("b1", "c-1")]);
    for (const name of ["", "a b", "x".repeat(65), null, 5]) {
      const { status, body } = await rename("b1", name);
      expect([status, body.error_msg]).toEqual([400, expect.stringContaining("backup.name")]);
    }
    expect((await rename("c-1", "x")).status).toBe(400);
    expect((await rename("none", "x")).status).toBe(404);
    await changeBackup(host.records, "b1", { status: "deleting" });
    expect((await rename("b1", "x")).status).toBe(400);
  });
});

describe("metadata (#40)", () => {
  it("is the resource at backup time, as texts of JSON", async () => {
    await putBackup(host.records, backupRow("b1", { resourceType: SERVER, resourceId: "s1" }), [partRow("b1", "c-1")]);
    const { status, body } = await host.call("GET", "/backups/b1/metadata");
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(
      ["backup_id", "backups", "flavor", "floatingips", "interface", "ports", "server", "volumes"].sort(),
    );
    expect(JSON.parse(body.server)).toEqual({ id: "s1", name: "disk-demo" });
    expect(body.volumes.map((v: string) => JSON.parse(v).id)).toEqual(["disk-of-c-1"]);
    expect(JSON.parse(body.backups).id).toBe("b1");
  });

  it("is refused with 6206 while the backup is made, and when it failed", async () => {
    await putBackup(host.records, backupRow("b1", { status: "protecting" }));
    for (const status of ["protecting", "error", "deleting"] as const) {
      await changeBackup(host.records, "b1", { status });
      const answer = await host.call("GET", "/backups/b1/metadata");
      expect([answer.status, answer.body.error_code]).toEqual([400, "BackupService.6206"]);
    }
  });
});

describe("deleting and restoring", () => {
  it("starts a deletion with 204 and shows deleting (DEL-02); a child alone is refused with 6201 (DEL-03)", async () => {
    const vault = (await host.call("POST", "/vaults", vaultBody({}, { object_type: "server" }))).body.vault;
    const row = backupRow("b1", { resourceType: SERVER, vaultId: vault.id });
    await putBackup(host.records, row, [partRow("b1", "c-1")]);
    expect((await host.call("DELETE", "/backups/c-1")).body.error_code).toBe("BackupService.6201");
    expect(await host.call("DELETE", "/backups/b1")).toEqual({ status: 204, body: undefined });
    const { body } = await host.call("GET", "/backups/b1");
    expect([body.backup.status, body.backup.extend_info.supported_restore_mode]).toEqual(["deleting", "na"]);
    expect(host.started).toHaveLength(1);
  });

  it.each([
    [{}, "restore"],
    [{ restore: { volume_id: 5 } }, "restore.volume_id"],
    [{ restore: { server_id: "s", mappings: [{ backup_id: "c" }] } }, "restore.mappings[0].volume_id"],
    [{ restore: { volume_id: "d", power_on: "no" } }, "restore.power_on"],
    [{ restore: { volume_id: "d", details: { destination_path: "/x" } } }, "restore.details.destination_path"],
  ])("refuses the restore %j and names the field", async (body, field) => {
    await putBackup(host.records, backupRow("b1"));
    const answer = await host.call("POST", "/backups/b1/restore", body);
    expect([answer.status, answer.body.error_code]).toEqual([400, "BackupService.9900"]);
    expect(answer.body.error_msg).toContain(field);
  });
});
