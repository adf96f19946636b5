/** Do kept captures and replaced disks come out right on a store with bad manners, in a process that dies again and again? */
import { afterEach, describe, expect, test } from "vitest";
import { Discarded } from "../../adapters/local/workflows/errors.ts";
import { sweepProvider } from "../../core/app/time/sweep-provider.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { UNDO_MS } from "../support/replacing-account.ts";
import { createReplacingDisks } from "../support/replacing-disks.ts";

const SIZE = 3 * BLOCK;
const IDS = ["srv-d0", "srv-d1"];

let host: AppHost;
afterEach(() => host.close());

/** Seeded, so that a failure can be run again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe.each([1, 2, 3, 4])("with bad manners and crashes (seed %i)", (seed) => {
  test("backups and restores of a server hold what they should, and nothing is left over", async () => {
    const random = seeded(seed);
    const disks = createReplacingDisks();
    Object.assign(disks.polls, { ready: 2, finish: 1, replace: 1, swap: 1 });
    host = await createAppHost({
      ...disks.options,
      manners: {
        indexLagWrites: 7,
        conflictRate: 0.15,
        throttleRate: 0.05,
        staleReadRate: 0.3,
        shortPageRate: 0.3,
        random,
      },
    });
    const content = (version: number) => IDS.map((_, i) => diskOf(SIZE, { 0: 1 + i, 1: 2 * version + i }));
    const write = (version: number) =>
      IDS.forEach((id, i) => {
        disks.live(id).bytes = Uint8Array.from(content(version)[i] ?? []);
      });
    disks.addServer("srv", content(1));
    const vault = await host.vault(["srv"]);

    /** The process dies at one call in so many, before or after it, and comes back. */
    let deaths = 0;
    const dieing = async (work: () => Promise<unknown>) => {
      let dead = false;
      const chance = async () => {
        if (dead || random() > 0.12) return;
        dead = true;
        deaths++;
        await host.park();
        throw new Discarded("the process died");
      };
      host.hooks = { beforeTask: chance, afterEffect: chance, afterRecord: chance };
      await work();
      await host.idle();
      while (dead) {
        dead = false;
        await host.restart();
        await host.idle();
      }
    };
    const backUp = async () => {
      let checkpoint = "";
      await dieing(async () => {
        const { status, body } = await host.start(vault);
        expect(status, JSON.stringify(body)).toBe(200);
        checkpoint = body.checkpoint.id;
      });
      for (;;) {
        // The list may lag behind.
        const rows: { id: string }[] = (await host.call("GET", `/backups?checkpoint_id=${checkpoint}`)).body.backups;
        const [row] = rows;
        if (row === undefined) continue;
        const backup = await host.backup(row.id);
        expect(backup.status, JSON.stringify(host.notices)).toBe("available");
        return row.id;
      }
    };
    const restore = async (id: string, version: number) => {
      let task = "";
      await dieing(async () => {
        const { status, body } = await host.call("POST", `/backups/${id}/restore`, { restore: { server_id: "srv" } });
        expect(status, JSON.stringify(body)).toBe(202);
        task = body.job_id;
      });
      const log = (await host.call("GET", `/operation-logs/${task}`)).body.operation_log;
      expect(log.status, JSON.stringify(log.error_info)).toBe("success");
      for (const [i, id] of IDS.entries())
        expect(Buffer.from(disks.live(id).bytes).equals(content(version)[i] ?? Buffer.of())).toBe(true);
    };

    const backups: string[] = [];
    for (let version = 1; version <= 3; version++) {
      write(version);
      backups.push(await backUp());
    }
    for (const version of [1, 3, 2]) {
      await restore(backups[version - 1] ?? "", version);
      write(4);
      const extra = await backUp();
      await restore(extra, 4);
    }
    expect(deaths).toBeGreaterThan(5);
    expect(await host.binding(vault, "srv")).toMatchObject({ status: "available", restoreIncomplete: false });
    await backUp();
    host.clock.ahead += UNDO_MS + 3600_000;
    expect(await sweepProvider(host.services)).toMatchObject({ failed: 0 });
    const { kept = {} } = await host.binding(vault, "srv");
    expect(Object.keys(kept).sort()).toEqual(IDS);
    expect(await disks.left()).toEqual(
      Object.values(kept)
        .map((one) => one.snapshotId)
        .sort(),
    );
    expect([...disks.volumes.values()].map((one) => one.serverId)).toEqual(["srv", "srv"]);
  });
});
