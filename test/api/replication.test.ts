/** Is every replication and import judged before it is refused, and is the reason plain? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { projectKey } from "../../core/app/identity/records.ts";
import { bindingKey } from "../../core/app/records/keys.ts";
import { bindings, insertAt, load, replace } from "../../core/app/records/tables.ts";
import { SERVER } from "../../core/domain/resource-types.ts";
import { backupRow, changeBackup, partRow, putBackup } from "../support/backup-rows.ts";
import { createVaultHost, PROJECT, serverResource, type VaultHost, vaultBody } from "../support/vault-host.ts";

const code = (n: string) => `BackupService.${n}`;
const FAR = "11111111-1111-4111-8111-111111111111";

let host: VaultHost;
beforeEach(async () => {
  host = createVaultHost();
  await host.records.write(insertAt({ key: projectKey(PROJECT) }, { id: PROJECT, name: "here", domainId: "d" }));
});
afterEach(() => host.close());

const destination = (change: object = {}) => ({
  destination_project_id: "b".repeat(32),
  destination_region: "there",
  destination_vault_id: FAR,
  ...change,
});
const vault = async (billing: object = {}, change: object = {}): Promise<string> =>
  (await host.call("POST", "/vaults", vaultBody(change, { object_type: "server", ...billing }))).body.vault.id;
/** A server vault with `backups` backups in it. */
async function protectedVault(change: { backups?: number; status?: "protecting" | "removing" } = {}): Promise<string> {
  host.resources.addServer("srv", 1);
  const id = await vault({}, { resources: [serverResource("srv")] });
  const binding = await load(host.records, bindings, bindingKey(id, "srv"));
  if (binding) await host.records.write(replace(bindings, { ...binding, backups: 1, ...change }));
  return id;
}

describe("replicating a vault (#32)", () => {
  const ask = (vault_id: string, change: object = {}) =>
    host.call("POST", "/checkpoints/replicate", { replicate: { vault_id, ...destination(change) } });
  const refused = async (asked: ReturnType<typeof ask>, number: string, text: string) => {
    const { status, body } = await asked;
    expect(body).toEqual({ error_code: code(number), error_msg: expect.stringContaining(text) });
    expect(status).toBe(number === "6105" ? 404 : 400);
  };

  it("REP-09: is refused with 1005 when all else is right: no region takes replicas yet, and it says so", async () => {
    await refused(
      ask(await protectedVault()),
      "1005",
      "region there cannot take replicas: replication is not built yet",
    );
  });

  it("takes the body that one client wraps once more", async () => {
    const replicate = { vault_id: await protectedVault(), ...destination() };
    const { body } = await host.call("POST", "/checkpoints/replicate", { checkpoint: { replicate } });
    expect(body.error_code).toBe(code("1005"));
  });

  it("REP-01: refuses this region, and a vault that stands in it", async () => {
    const id = await protectedVault();
    await refused(
      ask(id, { destination_region: "here" }),
      "9900",
      "replicate.destination_region: must be another region",
    );
    const near = await vault({ protect_type: "replication" });
    await refused(ask(id, { destination_vault_id: near }), "6118", `vault ${near} is in this region`);
  });

  it("REP-02, REP-03, REP-11: refuses what cannot be replicated", async () => {
    await refused(ask("nope"), "6105", "nope");
    await refused(ask(await vault({ protect_type: "replication" })), "6128", "holds replicas");
    await refused(ask(await vault({ object_type: "disk" })), "6122", "of the type disk, not replicated");
    await refused(ask(await protectedVault({ backups: 0 })), "0001", "no backup to replicate");
  });

  it("refuses a vault that a resource is leaving (6134); a backup that runs in it is no obstacle (CCY 23.1)", async () => {
    await refused(ask(await protectedVault({ status: "removing" })), "6134", "is being removed");
  });

  it("of which a resource is being backed up leaves that backup out, as it would", async () => {
    await refused(ask(await protectedVault({ status: "protecting" })), "1005", "cannot take replicas");
  });

  it.each([
    [{ destination_region: "a b" }, "replicate.destination_region: must be 1 to 255"],
    [{ destination_region: undefined }, "replicate.destination_region: is missing"],
    [{ destination_project_id: undefined }, "replicate.destination_project_id: is missing"],
    [{ destination_vault_id: "x" }, "replicate.destination_vault_id: must be a UUID"],
    [{ enable_acceleration: true }, "replicate.enable_acceleration: must not be true"],
    [{ cross_account_urn: "urn" }, "replicate.cross_account_urn: must not be given"],
  ])("REP-17 and others: refuses %j with 9900", async (change, text) => {
    await refused(ask(await vault(), change), "9900", text);
  });

  it("refuses a body without either wrapper", async () => {
    const { body } = await host.call("POST", "/checkpoints/replicate", {});
    expect(body).toEqual({ error_code: code("9900"), error_msg: "replicate: is missing: must be an object" });
  });
});

describe("replicating a backup (#39)", () => {
  const ask = (id: string, change: object = {}) =>
    host.call("POST", `/backups/${id}/replicate`, { replicate: destination(change) });
  let vaultId: string;
  beforeEach(async () => {
    vaultId = await vault();
    const row = backupRow("b1", { vaultId, resourceType: SERVER, containSystemDisk: true });
    await putBackup(host.records, row, [partRow("b1", "c1")]);
  });

  it("REP-09: is refused with 1005 when all else is right", async () => {
    const { status, body } = await ask("b1", { name: "copy", description: "elsewhere" });
    expect([status, body.error_code]).toEqual([400, code("1005")]);
    expect((await host.call("GET", "/backups/b1?show_replication=true")).body.backup.replication_records).toEqual([]);
  });

  it("REP-02: refuses disks (1003), what is not available (1001), and servers without a system disk (1004)", async () => {
    await putBackup(host.records, backupRow("b2", { vaultId }), [partRow("b2", "b2")]);
    expect((await ask("b2")).body.error_code).toBe(code("1003"));
    await changeBackup(host.records, "b1", { status: "restoring" });
    expect((await ask("b1")).body.error_code).toBe(code("1001"));
    await changeBackup(host.records, "b1", { status: "available", containSystemDisk: false });
    expect(await ask("b1")).toMatchObject({ status: 500, body: { error_code: code("1004") } });
  });

  it("REP-01: refuses this region (9900), a backup that is not there (404 6200) and a bad name (9900)", async () => {
    expect((await ask("b1", { destination_region: "here" })).body.error_msg).toContain("must be another region");
    expect(await ask("nope")).toMatchObject({ status: 404, body: { error_code: code("6200") } });
    expect((await ask("b1", { name: "a b" })).body.error_msg).toContain("replicate.name: must be 1 to 64");
  });
});

describe("importing (#33, #41)", () => {
  it("HYB-04: a vault cannot be synchronised: 7300, and why; one that is not there is 6105", async () => {
    const sync = (vault_id: string) =>
      host.call("POST", "/checkpoints/sync", { sync: { vault_id, auto_trigger: false } });
    const plain = await sync(await vault());
    expect(plain.body).toEqual({
      error_code: code("7300"),
      error_msg: expect.stringContaining("it is no hybrid vault"),
    });
    const hybrid = await sync(await vault({ object_type: "vmware", cloud_type: "hybrid" }));
    expect(hybrid.body.error_msg).toContain("hybrid backup is not built yet");
    expect(await sync("nope")).toMatchObject({ status: 404, body: { error_code: code("6105") } });
    const { body } = await host.call("POST", "/checkpoints/sync", { sync: { vault_id: "v" } });
    expect(body.error_msg).toBe("sync.auto_trigger: is missing: must be true or false");
  });

  it("HYB-03: single backups are checked, then refused with 501", async () => {
    const row = {
      backup_id: FAR,
      backup_name: "imported",
      bucket_name: "bucket",
      image_path: "a/b",
      resource_id: "vm-1",
      resource_name: "vm",
      resource_type: "OS::Native::Server",
      created_at: 1_900_000_000,
    };
    const sync = (...rows: object[]) => host.call("POST", "/backups/sync", { sync: rows });
    expect(await sync(row)).toMatchObject({ status: 501, body: { error_code: code("9910") } });
    for (const [change, field] of [
      [{ backup_id: "x" }, "sync[0].backup_id: must be a UUID"],
      [{ resource_type: "OS::Nova::Server" }, 'sync[0].resource_type: must be "OS::Native::Server"'],
      [{ created_at: "2030" }, "sync[0].created_at: must be"],
      [{ bucket_name: undefined }, "sync[0].bucket_name: is missing"],
    ] as const)
      expect((await sync({ ...row, ...change })).body.error_msg).toContain(field);
    expect((await sync()).body.error_msg).toContain("sync: must have at least 1 element");
  });
});
