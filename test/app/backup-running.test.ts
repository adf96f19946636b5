/** What vaults, runs in progress and failed runs promise. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bindingKey } from "../../core/app/records/keys.ts";
import { bindings, load, replace } from "../../core/app/records/tables.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";

let host: AppHost;
beforeEach(async () => {
  host = await createAppHost();
});
afterEach(() => host.close());

const SIZE = 8 * BLOCK;
const GB = 1024 ** 3;
const rows = async (path: string, key: string) => (await host.call("GET", path)).body[key];
const logs = (query: string) => rows(`/operation-logs?${query}`, "operation_logs");
const checkpoint = async (id: string) => (await host.call("GET", `/checkpoints/${id}`)).body.checkpoint;
const refusal = ({ status, body }: Awaited<ReturnType<AppHost["call"]>>) => [status, body.error_code];

describe("a vault that cannot take a run", () => {
  test("refuses by status with 6113, and a replication vault with 6124 (CON-03, BKP-05)", async () => {
    host.disks.addDiskWith("d1", diskOf(BLOCK, { 0: 1 }));
    const vault = await host.vault(["d1"]);
    host.hooks = { beforeTask: () => host.park() };
    expect((await host.call("DELETE", `/vaults/${vault}`)).status).toBe(204);
    expect(refusal(await host.start(vault))).toEqual([400, "BackupService.6113"]);
    const replica = await host.call("POST", "/vaults", {
      vault: {
        name: "replica",
        resources: [],
        billing: {
          object_type: "server",
          protect_type: "replication",
          consistent_level: "crash_consistent",
          size: 10,
        },
      },
    });
    expect(refusal(await host.start(replica.body.vault.id))).toEqual([400, "BackupService.6124"]);
  });

  test("is full at its size: 6114, while restore and deletion go on; a run that starts below may end above (CAP-11, CAP-12)", async () => {
    host.disks.addDiskWith("d1", diskOf(SIZE, { 0: 1 }));
    const vault = await host.vault(["d1"]);
    const { of } = await host.backUp(vault);
    const setUsed = async (used: number) => {
      const binding = await load(host.records, bindings, bindingKey(vault, "d1"));
      if (binding !== undefined) await host.records.write(replace(bindings, { ...binding, used }));
    };
    // One byte below the limit of 100 GB: it starts, and ends above.
    await setUsed(100 * GB - 1);
    host.disks.setBytes("d1", diskOf(SIZE, { 0: 1, 1: 3 }));
    const last = await host.backUp(vault);
    expect((await host.backup(last.of.d1 ?? "")).status).toBe("available");
    expect((await host.binding(vault, "d1")).used).toBe(100 * GB - 1 + BLOCK);
    expect(refusal(await host.start(vault))).toEqual([400, "BackupService.6114"]);
    await setUsed(100 * GB);
    expect(refusal(await host.start(vault))).toEqual([400, "BackupService.6114"]);
    await setUsed(100 * GB - 1 + BLOCK);
    expect((await host.restore(of.d1 ?? "", { volume_id: "d1" })).status).toBe("success");
    await host.drop(last.of.d1 ?? "");
    expect((await host.binding(vault, "d1")).used).toBe(100 * GB - 1);
    expect((await host.start(vault)).status).toBe(200);
    await host.idle();
  });
});

describe("while a run goes on", () => {
  test("everything says protecting, nothing cancels it, and a second run is refused (BKP-08, BKP-19, BKP-21, CCY-01)", async () => {
    host.disks.addDiskWith("d1", diskOf(BLOCK, { 0: 1 }));
    const vault = await host.vault(["d1"]);
    const seen: unknown[] = [];
    host.hooks = {
      async beforeTask(task) {
        if (task !== "backup-member.seal") return;
        const [backup] = await rows("/backups", "backups");
        seen.push(backup.status, (await checkpoint(backup.checkpoint_id)).status);
        seen.push((await host.binding(vault, "d1")).status);
        seen.push(refusal(await host.start(vault)));
        seen.push(refusal(await host.call("DELETE", `/backups/${backup.id}`)));
        seen.push(refusal(await host.call("DELETE", `/vaults/${vault}`)));
        seen.push(refusal(await host.call("POST", `/vaults/${vault}/removeresources`, { resource_ids: ["d1"] })));
        seen.push((await logs("status=running")).length);
      },
    };
    const { of } = await host.backUp(vault);
    expect(seen).toEqual([
      "protecting",
      "protecting",
      "protecting",
      [400, "BackupService.6125"],
      [400, "BackupService.6201"],
      [400, "BackupService.6203"],
      [400, "BackupService.6125"],
      1,
    ]);
    expect((await host.backup(of.d1 ?? "")).status).toBe("available");
  });

  test("who reads available finds no lease: status and lease change in one transaction (CCY-02)", async () => {
    host.disks.addDiskWith("d1", diskOf(BLOCK, { 0: 1 }));
    const vault = await host.vault(["d1"]);
    const { transact } = host.records;
    let again = 0;
    // After every single commit: whatever the records say then must be true.
    host.records.transact = async (writes) => {
      await transact(writes);
      const [backup] = await rows("/backups?status=available", "backups");
      if (backup === undefined || again > 0) return;
      again++;
      expect((await logs("operation_type=backup"))[0].status).toBe("success");
      expect((await host.start(vault)).status).toBe(200);
    };
    await host.backUp(vault);
    host.records.transact = transact;
    await host.idle();
    expect(again).toBe(1);
    expect(await host.binding(vault, "d1")).toMatchObject({ status: "available", backups: 2 });
    expect(await rows("/backups?status=available", "backups")).toHaveLength(2);
  });

  test("progress never falls and ends at 100 (TSK-06, TSK-07)", async () => {
    host.disks.addDiskWith("d1", diskOf(SIZE, { 0: 1, 5: 3 }));
    const vault = await host.vault(["d1"]);
    const seen: [string, number][] = [];
    const look = async () => {
      const [log] = await logs("operation_type=backup");
      if (log !== undefined) seen.push([log.status, log.extra_info.common.progress]);
    };
    host.hooks = { beforeTask: look, afterEffect: look, afterRecord: look };
    await host.backUp(vault);
    await look();
    const numbers = seen.map(([, n]) => n);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toEqual(["success", 100]);
    expect(new Set(seen.map(([status]) => status))).toEqual(new Set(["running", "success"]));
  });
});

describe("a backup that fails", () => {
  test("is in error with its reason in the task; the others and the checkpoint are available (BKP-26, TSK-04)", async () => {
    for (const id of ["d1", "d2"]) host.disks.addDiskWith(id, diskOf(BLOCK, { 0: 1 }));
    const vault = await host.vault(["d1", "d2"]);
    host.hooks = {
      beforeTask: (task) => {
        if (task === "backup-member.open") host.disks.resources.delete("d2");
      },
    };
    const { checkpoint: id, of } = await host.backUp(vault);
    expect((await host.backup(of.d1 ?? "")).status).toBe("available");
    expect((await host.backup(of.d2 ?? "")).status).toBe("error");
    expect((await checkpoint(id)).status).toBe("available");
    expect(await host.binding(vault, "d2")).toMatchObject({ status: "error", used: 0 });
    const [failed] = await logs("status=failed");
    expect(failed.error_info.code).toBe("BackupService.7000");
    expect(failed.error_info.message).toMatch(/no longer exists|does not exist/);
    const topics = host.notices.map(({ topic }) => topic).sort();
    expect(topics).toEqual(["backup.failed", "backup.succeeded", "checkpoint.ended"]);
    // An error backup can be deleted and not restored; its resource may be backed up again at once.
    expect(refusal(await host.call("POST", `/backups/${of.d2}/restore`, { restore: { volume_id: "d2" } }))).toEqual([
      400,
      "BackupService.2005",
    ]);
    host.hooks = {};
    host.disks.addDiskWith("d2", diskOf(BLOCK, { 0: 1 }));
    const again = await host.backUp(vault, { resources: ["d2"] });
    expect((await host.backup(again.of.d2 ?? "")).status).toBe("available");
    await host.drop(of.d2 ?? "");
    expect(await host.binding(vault, "d2")).toMatchObject({ status: "available", backups: 1 });
  });

  test("alone makes its checkpoint an error (BKP-26)", async () => {
    host.disks.addDiskWith("d1", diskOf(BLOCK, { 0: 1 }));
    const vault = await host.vault(["d1"]);
    host.disks.changed = () => "it is being written to";
    const { checkpoint: id } = await host.backUp(vault);
    expect((await checkpoint(id)).status).toBe("error");
    expect(host.disks.captures.size).toBe(0);
  });

  test("or succeeds the same when the notifier fails: the record counts, the log says what was not told", async () => {
    for (const id of ["d1", "d2"]) host.disks.addDiskWith(id, diskOf(BLOCK, { 0: 1 }));
    const vault = await host.vault(["d1", "d2"]);
    host.services.notifier.notify = async () => {
      throw new Error("the webhook is down");
    };
    host.disks.changed = (capture) => (capture.disks[0]?.diskId === "d2" ? "written to" : undefined);
    const { checkpoint: id, of } = await host.backUp(vault);
    expect((await host.backup(of.d1 ?? "")).status).toBe("available");
    expect((await host.backup(of.d2 ?? "")).status).toBe("error");
    expect(await host.services.workflows.status("backup", id)).toBe("succeeded");
    const untold = host.lines.filter(({ text }) => text === "notice not given").map(({ topic }) => topic);
    expect(untold.sort()).toEqual(["backup.failed", "backup.succeeded", "checkpoint.ended"]);
  });
});
