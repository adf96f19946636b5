/** Does a checkpoint start backups and show them on the wire as clients need it? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Member } from "../../core/app/records/entities.ts";
import { memberKey } from "../../core/app/records/keys.ts";
import { parseItem } from "../../core/app/records/record.ts";
import { replaceAt } from "../../core/app/records/tables.ts";
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
let vaultId: string;
beforeEach(async () => {
  host = createVaultHost();
  host.resources.addDisk("d1");
  host.resources.addDisk("d2");
  const resources = [diskResource("d1"), diskResource("d2")];
  vaultId = (await host.call("POST", "/vaults", vaultBody({ resources }))).body.vault.id;
});
afterEach(() => host.close());

const start = (parameters?: object) =>
  host.call("POST", "/checkpoints", { checkpoint: { vault_id: vaultId, ...(parameters && { parameters }) } });

async function mark(checkpointId: string, resourceId: string, status: Member["status"]): Promise<void> {
  const key = memberKey(checkpointId, resourceId);
  const item = await host.records.get(key, { consistent: true });
  if (item === undefined) throw new Error("no member");
  await host.records.write(replaceAt({ key }, { ...parseItem(Member, item), status }));
}

describe("creating a checkpoint (#30)", () => {
  it("takes a server of more than 4 TB as any other (BKP-29)", async () => {
    const size = 5 * 1024 * GIB;
    const server = host.resources.addServer("big", 2);
    host.resources.resources.set("big", {
      ...server,
      disks: server.disks.map((disk) => ({ ...disk, size: size / 2 })),
    });
    const body = vaultBody({ resources: [serverResource("big")] }, { object_type: "server", size: 10_000 });
    const id = (await host.call("POST", "/vaults", body)).body.vault.id;
    const { status, body: answer } = await host.call("POST", "/checkpoints", { checkpoint: { vault_id: id } });
    expect([status, answer.checkpoint.vault.skipped_resources]).toEqual([200, []]);
    expect(answer.checkpoint.vault.resources).toMatchObject([
      { id: "big", protect_status: "protecting", resource_size: "5120" },
    ]);
  });

  it("answers protecting at once, echoes name and description, and gives sizes as strings (BKP-08, D-10)", async () => {
    const { status, body } = await start({ name: "manual", description: "before the upgrade", incremental: true });
    expect(status).toBe(200);
    expect(body.checkpoint).toEqual({
      id: expect.any(String),
      project_id: PROJECT,
      status: "protecting",
      created_at: "2030-01-02T03:04:05.678000",
      extra_info: { name: "manual", description: "before the upgrade", retention_duration: -1 },
      vault: {
        id: vaultId,
        name: "vault-demo",
        provider_id: "d1603440-187d-4516-af25-121250c7cc97",
        resources: ["d1", "d2"].map((id) => ({
          id,
          type: "OS::Cinder::Volume",
          name: `disk-${id}`,
          protect_status: "protecting",
          resource_size: "10",
          backup_size: "0",
          backup_count: expect.stringMatching(/^\d+$/),
          extra_info: null,
        })),
        skipped_resources: [],
      },
    });
    const shown = await host.call("GET", `/checkpoints/${body.checkpoint.id}`);
    expect(shown).toEqual({ status: 200, body: { checkpoint: { ...body.checkpoint, extra_info: null } } });
    const backups = await host.call("GET", `/backups?checkpoint_id=${body.checkpoint.id}&incremental=true`);
    expect(backups.body.backups.map((b: { name: string }) => b.name).sort()).toEqual(["manual-0001", "manual-0002"]);
    const logs = await host.call("GET", `/operation-logs?vault_id=${vaultId}&operation_type=backup`);
    expect(logs.body).toMatchObject({ count: 2, operation_logs: [{ status: "running" }, { status: "running" }] });
  });

  it.each([
    [
      "TF-HW's resource_details",
      { resource_details: [{ id: "d2", type: "OS::Cinder::Volume", extra_info: {} }] },
      ["d2"],
    ],
    ["a list of ids", { resources: ["d2"] }, ["d2"]],
    ["both, with empty lists", { resources: [], resource_details: [] }, ["d1", "d2"]],
    ["nothing", undefined, ["d1", "d2"]],
  ])("takes %s (clients.md 2.1)", async (_, parameters, ids) => {
    const { body } = await start(parameters);
    expect(body.checkpoint.vault.resources.map((r: { id: string }) => r.id)).toEqual(ids);
  });

  it("lists what could not take part, with code and reason (BKP-07)", async () => {
    host.resources.addDisk("d2", { status: "error", reason: "the file is missing" });
    const { body } = await start();
    expect(body.checkpoint.vault.skipped_resources).toEqual([
      {
        id: "d2",
        type: "OS::Cinder::Volume",
        name: "disk-d2",
        code: "BackupService.7003",
        reason: "the file is missing",
      },
    ]);
    const shown = await host.call("GET", `/checkpoints/${body.checkpoint.id}`);
    expect(shown.body.checkpoint.vault.skipped_resources).toEqual(body.checkpoint.vault.skipped_resources);
  });

  it("is refused with 6125 while the same resources are being backed up (BKP-21, CCY-01)", async () => {
    await start();
    const again = await start();
    expect([again.status, again.body.error_code]).toEqual([400, "BackupService.6125"]);
  });

  it.each([
    [{ parameters: {} }, "checkpoint.vault_id"],
    [{ vault_id: "v", parameters: { incremental: "yes" } }, "checkpoint.parameters.incremental"],
    [{ vault_id: "v", parameters: { resources: "d1" } }, "checkpoint.parameters.resources"],
    [{ vault_id: "v", parameters: { resource_details: [{}] } }, "checkpoint.parameters.resource_details[0].id"],
    [{ vault_id: "v", parameters: { name: "a b" } }, "checkpoint.parameters.name"],
  ])("refuses %j and names the field", async (checkpoint, field) => {
    const { status, body } = await host.call("POST", "/checkpoints", { checkpoint });
    expect([status, body.error_code]).toEqual([400, "BackupService.9900"]);
    expect(body.error_msg).toContain(field);
  });

  it("repeats for how many days its backups are kept; -1 is for ever", async () => {
    const { body } = await start({ name: "week", retention_duration_days: 7 });
    expect(body.checkpoint.extra_info).toEqual({ name: "week", description: "", retention_duration: 7 });
  });

  it("takes nothing for a policy, and refuses one of a manual run, of nobody, and of another vault (clients.md 5)", async () => {
    const refused = async (parameters: object) => {
      const { status, body } = await start(parameters);
      return [status, body.error_code];
    };
    const made = await host.call("POST", "/policies", {
      policy: {
        name: "p",
        operation_definition: {},
        trigger: { properties: { pattern: ["FREQ=DAILY;INTERVAL=1;BYHOUR=2;BYMINUTE=0"] } },
      },
    });
    const policy_id = made.body.policy.id;
    expect(await refused({ policy_id })).toEqual([400, "BackupService.9900"]);
    expect(await refused({ policy_id: "nobody", auto_trigger: true })).toEqual([404, "BackupService.6000"]);
    expect(await refused({ policy_id, auto_trigger: true })).toEqual([404, "BackupService.6002"]);
    expect((await host.call("GET", "/backups")).body.count).toBe(0);
    expect((await start({ policy_id: null, retention_duration_days: -1 })).status).toBe(200);
  });

  it("runs in the name of the vault's policy when it is asked to: automatic, with its days and its turn of full backups", async () => {
    const { body } = await host.call("POST", "/policies", {
      policy: {
        name: "p",
        operation_definition: { retention_duration_days: 3, full_backup_interval: 1 },
        trigger: { properties: { pattern: ["FREQ=DAILY;INTERVAL=1;BYHOUR=2;BYMINUTE=0"] } },
      },
    });
    const policy_id = body.policy.id;
    expect((await host.call("POST", `/vaults/${vaultId}/associatepolicy`, { policy_id })).status).toBe(200);
    expect((await start({ policy_id, auto_trigger: true, resources: ["d1"] })).status).toBe(200);
    expect((await host.call("GET", "/backups")).body.backups).toMatchObject([
      { incremental: false, expired_at: "2030-01-05T03:04:05.678000", extend_info: { auto_trigger: true } },
    ]);
    expect((await host.call("GET", "/operation-logs")).body.operation_logs).toMatchObject([{ policy_id }]);
    // Its own points are not moved (SCH-28), and the ledger counts points only.
    expect((await host.call("GET", "/holdfast/runs")).body).toMatchObject({ count: 1, runs: [{ state: "expected" }] });
  });
});

describe("showing a checkpoint (#31)", () => {
  it("folds its status from its members, and leaves out those whose backup was deleted (BKP-26, DEL-07)", async () => {
    const { id } = (await start()).body.checkpoint;
    const show = async () => {
      const { status, body } = await host.call("GET", `/checkpoints/${id}`);
      if (status !== 200) return [status, body.error_code];
      const { vault } = body.checkpoint;
      return [body.checkpoint.status, ...vault.resources.map((r: { protect_status: string }) => r.protect_status)];
    };
    await mark(id, "d1", "available");
    expect(await show()).toEqual(["protecting", "available", "protecting"]);
    await mark(id, "d2", "error");
    expect(await show()).toEqual(["available", "available", "error"]);
    await mark(id, "d1", "error");
    expect(await show()).toEqual(["error", "error", "error"]);
    await mark(id, "d1", "deleted");
    expect(await show()).toEqual(["available", "error"]);
    await mark(id, "d2", "deleted");
    expect(await show()).toEqual([404, "BackupService.6217"]);
  });

  it("answers 404 6217 for one that does not exist", async () => {
    const { status, body } = await host.call("GET", "/checkpoints/none");
    expect([status, body.error_code]).toEqual([404, "BackupService.6217"]);
  });
});
