/** Does the tick start what was promised, end what is dead, and leave alone what lives? (CCY-04) */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { captureRun } from "../../core/app/backup/capture-run.ts";
import { confirmSource } from "../../core/app/backup/confirm-source.ts";
import { failRun } from "../../core/app/backup/fail-run.ts";
import { openRun } from "../../core/app/backup/open-run.ts";
import { sealRun } from "../../core/app/backup/seal-run.ts";
import { transferGroup } from "../../core/app/backup/transfer-group.ts";
import { runKey } from "../../core/app/records/keys.ts";
import { load, runs } from "../../core/app/records/tables.ts";
import { defaultDomain } from "../../core/app/repository/keyring.ts";
import type { Services } from "../../core/app/services.ts";
import { WATCH_EVERY_MS } from "../../core/app/time/due.ts";
import { tick } from "../../core/app/time/tick.ts";
import { StoreFailed } from "../../core/ports/object-store.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { createVaultHost, diskResource, PROJECT, vaultBody } from "../support/vault-host.ts";

const MINUTE = 60_000;
let host: AppHost;
let vault: string;
beforeEach(async () => {
  host = await createAppHost();
  for (const id of ["d1", "d2"]) host.disks.addDiskWith(id, diskOf(2 * BLOCK, { 0: 2 }));
  vault = await host.vault(["d1", "d2"]);
});
afterEach(() => host.close());

const rows = async (path: string, key: string) => (await host.call("GET", path)).body[key];
const logs = (type: string) => rows(`/operation-logs?operation_type=${type}`, "operation_logs");
const run = (id: string) => load(host.records, runs, runKey(defaultDomain(PROJECT), id));
const later = (minutes: number) => {
  host.clock.ahead += minutes * MINUTE;
};
/** The same service whose workflows say this. */
const _saying = (workflows: Partial<Services["workflows"]>): Services =>
  ({
    ...host.services,
    workflows: { start: async () => "exists", status: async () => undefined, ...workflows },
  }) as Services;

/** Stops the first call of a task before it does anything, until `go`. */
function heldAt(task: string) {
  let go = () => {};
  const until = new Promise<void>((resolve) => {
    go = resolve;
  });
  let arrived = () => {};
  const there = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  host.hooks = {
    beforeTask: async (name) => {
      if (name !== task) return;
      arrived();
      await until;
    },
  };
  return { go, there };
}

test("a start in the very millisecond in which work began finds nothing to put right", async () => {
  const frozen = createVaultHost();
  frozen.resources.addDisk("d1");
  const { body } = await frozen.call("POST", "/vaults", vaultBody({ resources: [diskResource("d1")] }));
  await frozen.call("POST", "/checkpoints", { checkpoint: { vault_id: body.vault.id } });
  const found = await tick(frozen.services, frozen.clock.now + WATCH_EVERY_MS);
  expect(found).toMatchObject({ started: 1, failed: 0 });
  frozen.close();
});

describe("work whose start was lost", () => {
  test("is started by the tick, and only when it is due", async () => {
    const start = host.runner.start;
    host.runner.start = async () => {
      throw new Error("the process died here");
    };
    expect((await host.start(vault)).status).toBe(500);
    host.runner.start = start;
    expect(await tick(host.services)).toEqual({ started: 0, running: 0, ended: 0, failed: 0 });
    later(10);
    expect(await tick(host.services)).toMatchObject({ started: 1, failed: 0 });
    await host.idle();
    const backups = await rows("/backups", "backups");
    expect(backups.map((b: { status: string }) => b.status)).toEqual(["available", "available"]);
    // Looked at once more, found ended, never again.
    later(10);
    expect(await tick(host.services)).toMatchObject({ ended: 1 });
    later(100);
    expect(await tick(host.services)).toEqual({ started: 0, running: 0, ended: 0, failed: 0 });
  });

  test("is started once by two ticks at once", async () => {
    const { of } = await host.backUp(vault);
    const start = host.runner.start;
    host.runner.start = async () => {
      throw new Error("the process died here");
    };
    await host.call("DELETE", `/backups/${of.d1}`);
    await host.call("POST", `/backups/${of.d2}/restore`, { restore: { volume_id: "d2" } });
    host.runner.start = start;
    later(10);
    const reports = await Promise.all([tick(host.services), tick(host.services), tick(host.services)]);
    expect(reports.reduce((sum, r) => sum + r.failed, 0)).toBe(0);
    await host.idle();
    expect((await logs("delete")).map((l: { status: string }) => l.status)).toEqual(["success"]);
    expect((await logs("restore")).map((l: { status: string }) => l.status)).toEqual(["success"]);
    const due = await Promise.all(
      Array.from({ length: 16 }, (_, i) =>
        host.records.query({ pk: `DUE#${String(i).padStart(2, "0")}`, limit: 100, consistent: true }),
      ),
    );
    // One watch for each of the three executions: two ticks never leave two.
    const watches = due.flatMap(({ items }) => items).filter(({ sk }) => sk.includes("#run#"));
    expect(watches.length).toBeLessThanOrEqual(3);
  });
});

describe("a run whose heart stopped", () => {
  test("is closed with task timeout and backup error; its resource is free, and what still comes of it counts for nothing (CCY-04)", async () => {
    const { go, there } = heldAt("backup-group.transfer");
    const started = await host.start(vault, { resources: ["d1"] });
    await there;
    const [backup] = await rows("/backups", "backups");
    const fence = (await run(backup.id))?.fence ?? 0;
    later(11);
    expect(await tick(host.services)).toMatchObject({ running: 1 });
    expect((await host.backup(backup.id)).status).toBe("protecting");
    later(31);
    await tick(host.services);
    const [log] = await logs("backup");
    expect(log).toMatchObject({
      status: "timeout",
      error_info: { message: expect.stringContaining("no sign of life") },
    });
    expect((await host.backup(backup.id)).status).toBe("error");
    expect(await host.binding(vault, "d1")).toMatchObject({ status: "error", used: 0 });
    expect(host.disks.captures.size).toBe(0);

    // The zombie goes on: nothing of it is taken.
    const zombie = { backupId: backup.id, fence, attempt: 0 };
    await expect(transferGroup(host.services, { ...zombie, group: 0, cursor: -1 })).rejects.toThrow("closed");
    await expect(captureRun(host.services, zombie)).rejects.toThrow("closed");
    await expect(confirmSource(host.services, zombie)).rejects.toThrow("closed");
    await sealRun(host.services, zombie);
    expect(await openRun(host.services, zombie)).toEqual({ open: false, fence: 0 });
    await failRun(host.services, { backupId: backup.id, error: { Error: "Late", Cause: "too late" } });
    go();
    await host.idle();
    expect((await host.backup(backup.id)).status).toBe("error");
    expect((await logs("backup"))[0]).toMatchObject({ status: "timeout", ended_at: log.ended_at });
    expect(await host.services.workflows.status("backup", started.body.checkpoint.id)).toBe("succeeded");
    expect((await host.backUp(vault)).of.d1).toBeDefined();
    expect((await host.binding(vault, "d1")).status).toBe("available");
  });

  test("of a seal that was on its way when it was closed leaves the error as it is (CCY-04)", async () => {
    const { go, there } = heldAt("backup-member.seal");
    await host.start(vault, { resources: ["d1"] });
    await there;
    const [backup] = await rows("/backups", "backups");
    // The seal has written its root and looks up where its chain ends when the run is closed.
    const { seal } = host.services.dataPlane;
    host.services.dataPlane.seal = async (request) => {
      const facts = await seal(request);
      later(31);
      await tick(host.services);
      return facts;
    };
    go();
    await host.idle();
    expect((await host.backup(backup.id)).status).toBe("error");
    expect(await host.binding(vault, "d1")).toMatchObject({ status: "error", used: 0, baselines: {} });
    expect((await logs("backup"))[0].status).toBe("timeout");
  });

  test("is closed also when its capture cannot be freed: the sweep finds that later", async () => {
    const { go, there } = heldAt("backup-group.transfer");
    await host.start(vault, { resources: ["d1"] });
    await there;
    const { release } = host.services.resources;
    host.services.resources.release = async () => {
      throw new Error("UnauthorizedOperation: nobody deletes snapshots here");
    };
    later(31);
    expect(await tick(host.services)).toMatchObject({ failed: 0 });
    const [backup] = await rows("/backups", "backups");
    expect(backup.status).toBe("error");
    expect(await host.binding(vault, "d1")).toMatchObject({ status: "error" });
    host.services.resources.release = release;
    go();
    await host.idle();
    expect((await host.backUp(vault)).of.d1).toBeDefined();
  });

  test("is not one whose seal runs out of its time and is tried again: each try is a sign of life", async () => {
    const { seal } = host.services.dataPlane;
    let tries = 0;
    host.services.dataPlane.seal = async (request) => {
      if (++tries > 3) return seal(request);
      // The function's time, and the pause before the next try.
      later(16);
      await tick(host.services);
      throw new StoreFailed("out of time");
    };
    await host.start(vault, { resources: ["d1"] });
    await host.idle();
    const [backup] = await rows("/backups", "backups");
    expect(backup.status).toBe("available");
    expect(tries).toBeGreaterThan(3);
  });

  test("that restores is closed, marked incomplete, and the backup is available again (CCY-04, RST-05)", async () => {
    const { of } = await host.backUp(vault);
    const { go, there } = heldAt("restore-group.write");
    await host.call("POST", `/backups/${of.d1}/restore`, { restore: { volume_id: "d1" } });
    await there;
    later(31);
    await tick(host.services);
    expect((await logs("restore"))[0].status).toBe("timeout");
    expect((await host.backup(of.d1 ?? "")).status).toBe("available");
    expect(await host.binding(vault, "d1")).toMatchObject({ status: "error", restoreIncomplete: true });
    const before = Uint8Array.from(host.disks.bytes.get("d1") ?? []).fill(7);
    host.disks.bytes.get("d1")?.set(before);
    go();
    await host.idle();
    // The zombie wrote nothing.
    expect(host.disks.bytes.get("d1")).toEqual(before);
  });
});
