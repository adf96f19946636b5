/** Does the tick leave alone what lives, and end what a failed execution left open? (CCY-04) */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runKey } from "../../core/app/records/keys.ts";
import { load, replace, runs } from "../../core/app/records/tables.ts";
import { defaultDomain } from "../../core/app/repository/keyring.ts";
import { restoreGroup } from "../../core/app/restore/run-restore.ts";
import { withFreshState } from "../../core/app/retry.ts";
import type { Services } from "../../core/app/services.ts";
import { tick } from "../../core/app/time/tick.ts";
import { Interrupted } from "../../core/ports/data-plane.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { PROJECT } from "../support/vault-host.ts";

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
const saying = (workflows: Partial<Services["workflows"]>): Services =>
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

describe("a run that lives", () => {
  test("shows it with every unit of a restore, however long all of it takes", async () => {
    const { of } = await host.backUp(vault);
    const seen: string[] = [];
    host.hooks = {
      beforeTask: (task) => {
        if (task === "restore-group.write") later(29);
      },
      afterEffect: async (task) => {
        if (task !== "restore-group.write") return;
        later(29);
        await tick(host.services);
        seen.push((await logs("restore"))[0].status);
      },
    };
    const log = await host.restore(of.d1 ?? "", { volume_id: "d1" });
    expect(seen).toEqual(["running"]);
    expect(log.status).toBe("success");
  });

  test("shows it within a unit that takes hours; a unit whose run was closed is stopped", async () => {
    const { of } = await host.backUp(vault);
    const { there, go } = heldAt("restore-group.write");
    const { body } = await host.call("POST", `/backups/${of.d1}/restore`, { restore: { volume_id: "d1" } });
    await there;
    const hearts: number[] = [];
    const slow: Services["dataPlane"]["restore"] = async (_unit, hooks) => {
      for (let minute = 0; minute < 200 && hooks?.signal?.aborted !== true; minute++) {
        later(1);
        hooks?.onProgress?.(1);
        await new Promise((resolve) => setTimeout(resolve, 1));
        const open = await run(body.job_id);
        if (open !== undefined) hearts.push(host.services.now() - open.heartbeat);
        if (minute !== 100) continue;
        // Somebody declares it dead all the same.
        await tick(saying({ status: async () => "failed" }));
      }
      throw new Interrupted("told to stop");
    };
    const services = { ...host.services, dataPlane: { ...host.services.dataPlane, restore: slow } };
    await expect(
      restoreGroup(services, { backupId: of.d1 ?? "", taskId: body.job_id, group: 0, cursor: -1 }),
    ).rejects.toThrow("closed");
    expect(hearts.length).toBeGreaterThan(99);
    expect(hearts.length).toBeLessThan(150);
    expect(Math.max(...hearts)).toBeLessThan(3 * MINUTE);
    go();
    await host.idle();
  });

  test("may be silent while others work, because it waits for its turn; not for a whole day", async () => {
    const { go, there } = heldAt("backup-group.transfer");
    await host.start(vault, { resources: ["d1"] });
    await there;
    await host.start(vault, { resources: ["d2"] });
    const ids: string[] = (await rows("/backups", "backups")).map((b: { id: string }) => b.id);
    while ((await Promise.all(ids.map(run))).some((one) => one?.capture === undefined))
      await new Promise((resolve) => setTimeout(resolve, 5));
    const [silent = "", busy = ""] = await Promise.all(
      ["d1", "d2"].map(async (id) => (await rows(`/backups?resource_id=${id}`, "backups"))[0].id as string),
    );
    // Again when the run's own task was quicker: what it wrote may be older than the clock that was just set on.
    const beat = () =>
      withFreshState(async () => {
        const open = await run(busy);
        if (open !== undefined) await host.records.write(replace(runs, { ...open, heartbeat: host.services.now() }));
      });
    for (let half = 0; half < 47; half++) {
      later(30);
      await beat();
      await tick(host.services);
    }
    expect((await host.backup(silent)).status).toBe("protecting");
    later(60);
    await beat();
    await tick(host.services);
    expect((await host.backup(silent)).status).toBe("error");
    expect((await host.backup(busy)).status).toBe("protecting");
    go();
    await host.idle();
    expect((await host.backup(busy)).status).toBe("available");
  });

  test("is left alone when only the run over the vault has failed", async () => {
    const { go, there } = heldAt("backup-group.transfer");
    await host.start(vault, { resources: ["d1"] });
    await there;
    later(10);
    const failed = saying({ status: async (workflow) => (workflow === "backup" ? "failed" : "running") });
    expect(await tick(failed)).toMatchObject({ running: 1 });
    const [backup] = await rows("/backups", "backups");
    expect((await host.backup(backup.id)).status).toBe("protecting");
    go();
    await host.idle();
    expect((await host.backup(backup.id)).status).toBe("available");
  });
});

describe("what a failed execution leaves open", () => {
  const failed = () => saying({ status: async () => "failed" });

  test("is ended by the tick: backups, restores, deletions, removals", async () => {
    const { of } = await host.backUp(vault);
    const start = host.runner.start;
    host.runner.start = async () => "started";
    await host.start(vault, { resources: ["d2"] });
    await host.call("POST", `/backups/${of.d1}/restore`, { restore: { volume_id: "d1" } });
    later(10);
    expect(await tick(failed())).toMatchObject({ ended: 3, failed: 0 });
    const [backup] = await rows("/backups?resource_id=d2&status=error", "backups");
    expect(backup.status).toBe("error");
    expect((await logs("restore"))[0]).toMatchObject({ status: "failed" });
    expect(await host.binding(vault, "d1")).toMatchObject({ status: "available", restoreIncomplete: false });

    await host.call("DELETE", `/backups/${of.d1}`);
    await host.call("POST", `/vaults/${vault}/removeresources`, { resource_ids: ["d2"] });
    later(10);
    expect(await tick(failed())).toMatchObject({ ended: 2, failed: 0 });
    expect((await host.backup(of.d1 ?? "")).status).toBe("error");
    expect((await host.binding(vault, "d2")).status).toBe("error");
    await host.call("DELETE", `/vaults/${vault}`);
    later(10);
    await tick(failed());
    expect((await host.call("GET", `/vaults/${vault}`)).body.vault.billing.status).toBe("error");
    expect((await logs("vault_delete"))[0]).toMatchObject({ status: "failed" });
    host.runner.start = start;
    await host.call("DELETE", `/vaults/${vault}`);
    await host.idle();
    expect((await host.call("GET", `/vaults/${vault}`)).status).toBe(404);
  });

  test("one item that cannot be settled does not keep the others waiting", async () => {
    const { of } = await host.backUp(vault);
    host.runner.start = async () => "started";
    await host.call("DELETE", `/backups/${of.d1}`);
    await host.call("DELETE", `/backups/${of.d2}`);
    later(10);
    let calls = 0;
    const flaky = saying({
      status: async () => {
        if (calls++ === 0) throw new Error("no answer");
        return "failed";
      },
    });
    expect(await tick(flaky)).toMatchObject({ failed: 1, ended: 2 });
    expect(await tick(failed())).toMatchObject({ failed: 0, ended: 1 });
  });
});
