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
