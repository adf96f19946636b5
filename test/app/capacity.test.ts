/** What happens to a vault as it fills up, and what people hear of it (CAP-11..16, CAP-25, CAP-26). */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bindingKey } from "../../core/app/records/keys.ts";
import { bindings, load, replace } from "../../core/app/records/tables.ts";
import { settleCapacity } from "../../core/app/vaults/settle-capacity.ts";
import { GIB } from "../../core/domain/values.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";

let host: AppHost;
beforeEach(async () => {
  host = await createAppHost();
  host.disks.addDiskWith("d1", diskOf(2 * BLOCK, { 0: 2 }));
});
afterEach(() => host.close());

const DISK_BILLING = { object_type: "disk", protect_type: "backup", consistent_level: "crash_consistent" };

/** As if backups used this much. */
async function use(vault: string, gb: number): Promise<void> {
  const binding = await load(host.records, bindings, bindingKey(vault, "d1"));
  if (binding === undefined) throw new Error("not bound");
  await host.records.write(replace(bindings, { ...binding, used: gb * GIB }));
}
/** A run that ends with this much used. */
async function runTo(vault: string, gb: number): Promise<void> {
  host.hooks = {
    async beforeTask(task) {
      if (task === "backup.conclude") await use(vault, gb);
    },
  };
  await host.backUp(vault);
  host.hooks = {};
}
const sizeOf = async (id: string) => (await host.call("GET", `/vaults/${id}`)).body.vault.billing.size;
const billingOf = async (id: string) => (await host.call("GET", `/vaults/${id}`)).body.vault.billing;
const put = (id: string, vault: object) => host.call("PUT", `/vaults/${id}`, { vault });
const topics = () => host.notices.map(({ topic }) => topic).filter((topic) => topic.startsWith("vault."));

describe("a vault that fills up", () => {
  test("grows by a quarter when a run ends at its limit, and says so (CAP-13)", async () => {
    const vault = await host.vault(["d1"], { auto_expand: true, threshold: 100 });
    await runTo(vault, 99);
    expect(await sizeOf(vault)).toBe(100);
    await runTo(vault, 100);
    expect(await sizeOf(vault)).toBe(125);
    expect(host.notices).toContainEqual(
      expect.objectContaining({
        topic: "vault.expanded",
        facts: expect.objectContaining({ vault_id: vault, size_gb: 125 }),
      }),
    );
    await runTo(vault, 125);
    expect(await sizeOf(vault)).toBe(157);
  });

  test("does not grow with its disks: only what backups use makes it grow (VLT-27)", async () => {
    const vault = await host.vault(["d1"], { auto_expand: true, billing: { ...DISK_BILLING, size: 10 } });
    await host.backUp(vault);
    const disk = host.disks.resources.get("d1");
    if (disk?.kind !== "disk") throw new Error("no disk");
    host.disks.setBytes("d1", diskOf(4 * BLOCK, { 0: 2, 3: 4 }));
    await host.backUp(vault);
    expect(await host.binding(vault, "d1")).toMatchObject({ size: 4 * BLOCK, used: 2 * BLOCK });
    // A disk of 50 GB in a vault of 10: bound, shown, and the vault stays what it is.
    host.disks.addDisk("large", { size: 50 * GIB });
    const resources = [{ id: "large", type: "OS::Cinder::Volume" }];
    expect((await host.call("POST", `/vaults/${vault}/addresources`, { resources })).status).toBe(200);
    await settleCapacity(host.services, vault);
    expect(await billingOf(vault)).toMatchObject({ size: 10, allocated: 51, used: 1 });
  });

  test("can be expanded by one GB while a backup runs, which goes on (CAP-17)", async () => {
    const vault = await host.vault(["d1"]);
    const seen: unknown[] = [];
    host.hooks = {
      async beforeTask(task) {
        if (task !== "backup-group.transfer") return;
        const { status, body } = await put(vault, { billing: { size: 101 } });
        seen.push(status, body.vault.billing.size, body.vault.billing.status, body.vault.resources[0].protect_status);
      },
    };
    const { of } = await host.backUp(vault);
    expect(seen).toEqual([200, 101, "available", "protecting"]);
    expect((await host.backup(of.d1 ?? "")).status).toBe("available");
    expect(await sizeOf(vault)).toBe(101);
  });

  test("counts nothing of a failed backup, of which nothing can be restored: neither while it is listed nor after (CAP-08)", async () => {
    const vault = await host.vault(["d1"]);
    await host.backUp(vault);
    host.disks.setBytes("d1", diskOf(2 * BLOCK, { 0: 4, 1: 6 }));
    host.objects.before = (operation, name) => {
      if (operation === "put" && name.includes("/roots/")) throw new Error("the store says no");
    };
    const failed = (await host.backUp(vault)).of.d1 ?? "";
    host.objects.before = () => undefined;
    expect((await host.backup(failed)).status).toBe("error");
    expect(await host.binding(vault, "d1")).toMatchObject({ used: BLOCK, backups: 2 });
    // What the failed run had read counts with the backup that holds it.
    const next = (await host.backUp(vault)).of.d1 ?? "";
    expect(await host.binding(vault, "d1")).toMatchObject({ used: 3 * BLOCK, backups: 3 });
    await host.drop(failed);
    expect(await host.binding(vault, "d1")).toMatchObject({ used: 3 * BLOCK, backups: 2 });
    await host.drop(next);
    expect((await host.binding(vault, "d1")).used).toBe(BLOCK);
  });

  test("shows 200 MB as 200, wherever use is shown, and not as a GB or none (CAP-09)", async () => {
    const vault = await host.vault(["d1"]);
    await use(vault, 200 / 1024);
    const shown = (await host.call("GET", `/vaults/${vault}`)).body.vault;
    expect([shown.billing.used, shown.resources[0].backup_size]).toEqual([200, 200]);
    expect((await host.call("GET", "/storage_usage")).body.storage_usage).toMatchObject([{ backup_size: 200 }]);
    await use(vault, 0.5 / 1024);
    expect((await billingOf(vault)).used).toBe(1);
  });

  test("without auto-expansion lets the run end, and refuses the next one (CAP-11, CAP-12: 6114)", async () => {
    const vault = await host.vault(["d1"]);
    await runTo(vault, 103);
    expect(await sizeOf(vault)).toBe(100);
    expect(topics()).toEqual(["vault.capacity", "vault.full"]);
    const { status, body } = await host.start(vault);
    expect([status, body.error_code]).toEqual([400, "BackupService.6114"]);
  });

  test("does not grow by switching auto-expansion on afterwards, until it had room again (CAP-15)", async () => {
    const vault = await host.vault(["d1"]);
    await runTo(vault, 100);
    await put(vault, { auto_expand: true });
    await settleCapacity(host.services, vault);
    expect(await sizeOf(vault)).toBe(100);
    await put(vault, { billing: { size: 101 } });
    await runTo(vault, 102);
    expect(await sizeOf(vault)).toBe(127);
  });

  test("tells of its threshold once per crossing (CAP-25)", async () => {
    const vault = await host.vault(["d1"], { threshold: 50 });
    for (const gb of [49, 50, 60, 40]) await runTo(vault, gb);
    expect(topics()).toEqual(["vault.capacity"]);
    await runTo(vault, 55);
    expect(topics()).toEqual(["vault.capacity", "vault.capacity"]);
    expect(host.notices.find(({ topic }) => topic === "vault.capacity")).toMatchObject({
      severity: "warning",
      facts: { vault_id: vault, size_gb: 100, used_gb: 50, threshold_percent: 50 },
    });
  });

  test("tells it once when two look at the same time (CAP-25)", async () => {
    const vault = await host.vault(["d1"]);
    await use(vault, 90);
    await Promise.all([1, 2, 3].map(() => settleCapacity(host.services, vault)));
    expect(topics()).toEqual(["vault.capacity"]);
  });
});

test("smn_notify false silences everything that happens in the vault, until it is switched on (CAP-26)", async () => {
  const vault = await host.vault(["d1"], { smn_notify: false });
  await runTo(vault, 90);
  host.hooks = {
    beforeTask: (task) => {
      if (task === "backup-member.open") host.disks.resources.delete("d1");
    },
  };
  await host.backUp(vault);
  expect(host.notices).toEqual([]);
  host.disks.addDiskWith("d1", diskOf(2 * BLOCK, { 0: 2 }));
  await put(vault, { smn_notify: true });
  await host.backUp(vault);
  expect(host.notices.map(({ topic }) => topic).sort()).toEqual(["backup.failed", "checkpoint.ended"]);
});

describe("automatic runs (VLT-31)", () => {
  const suspend = (vault: string, ...resource_ids: string[]) =>
    host.call("PUT", `/vaults/${vault}/set-resources`, { resource_ids, action: "suspend" });

  test("leave suspended resources out and say so; manual backups take them", async () => {
    host.disks.addDiskWith("d2", diskOf(2 * BLOCK, { 0: 1 }));
    const vault = await host.vault(["d1", "d2"]);
    await suspend(vault, "d1");
    const { checkpoint, of } = await host.backUp(vault, { auto_trigger: true });
    expect(Object.keys(of)).toEqual(["d2"]);
    const shown = (await host.call("GET", `/checkpoints/${checkpoint}`)).body.checkpoint;
    expect(shown.vault.skipped_resources).toMatchObject([{ id: "d1", code: "BackupService.0001" }]);
    expect(Object.keys((await host.backUp(vault)).of).sort()).toEqual(["d1", "d2"]);
  });

  test("have nothing to do where everything is suspended (0001)", async () => {
    const vault = await host.vault(["d1"]);
    await suspend(vault, "d1");
    const { status, body } = await host.start(vault, { auto_trigger: true });
    expect([status, body.error_code]).toEqual([400, "BackupService.0001"]);
    expect(body.error_msg).toContain("suspended");
  });
});
