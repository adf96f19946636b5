/** Does the whole flow hold on a record store with DynamoDB's bad manners? Lagging indexes, conflicts, throttling, short pages. */
import { afterEach, describe, expect, test } from "vitest";
import { transferGroup } from "../../core/app/backup/transfer-group.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";

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

describe.each([1, 2, 3, 4, 5, 6])("with bad manners (seed %i)", (seed) => {
  test("backup, restore, deletion, removal and the end of the vault come out as always", async () => {
    host = await createAppHost({
      manners: {
        indexLagWrites: 7,
        conflictRate: 0.15,
        throttleRate: 0.05,
        staleReadRate: 0.3,
        shortPageRate: 0.3,
        random: seeded(seed),
      },
    });
    const contents = [diskOf(2 * BLOCK, { 0: 2 }), diskOf(2 * BLOCK, { 1: 4 })];
    host.disks.addServerWith(
      "srv",
      contents.map((c) => Uint8Array.from(c)),
    );
    const vault = await host.vault(["srv"]);
    /** Lists may lag: asked until they show it. */
    const listed = async (path: string, key: string, count: number) => {
      for (;;) {
        const rows = (await host.call("GET", path)).body[key] as { id: string; status: string }[];
        if (rows.length === count) return rows;
      }
    };
    for (let n = 1; n <= 3; n++) {
      host.disks.setBytes("srv-d0", diskOf(2 * BLOCK, { 0: 2 * n }));
      expect((await host.start(vault)).status).toBe(200);
      await host.idle();
      expect(await host.binding(vault, "srv")).toMatchObject({
        status: "available",
        backups: n,
        used: (n + 1) * BLOCK,
      });
    }
    const ids = (await listed(`/backups?vault_id=${vault}`, "backups", 3)).map(({ id }) => id);
    const shown = await Promise.all(ids.map((id) => host.backup(id)));
    const [newest = "", middle = "", oldest = ""] = shown
      .toSorted((a, b) => (a.created_at < b.created_at ? 1 : -1))
      .map(({ id }) => id as string);

    await host.drop(middle);
    expect((await host.binding(vault, "srv")).used).toBe(3 * BLOCK);
    const log = await host.restore(oldest, { server_id: "srv" });
    expect(log.status, log.error_info.message).toBe("success");
    expect(host.disks.bytes.get("srv-d0")).toEqual(contents[0]);
    expect((await host.restore(newest, { server_id: "srv" })).status).toBe("success");
    expect(host.disks.bytes.get("srv-d0")).toEqual(diskOf(2 * BLOCK, { 0: 6 }));

    expect((await host.call("POST", `/vaults/${vault}/removeresources`, { resource_ids: ["srv"] })).status).toBe(200);
    await host.idle();
    expect((await host.call("GET", `/vaults/${vault}`)).body.vault.resources).toEqual([]);
    expect((await host.call("GET", `/backups/${newest}`)).status).toBe(404);
    expect(host.roots()).toEqual([]);
    expect((await host.call("DELETE", `/vaults/${vault}`)).status).toBe(204);
    await host.idle();
    expect((await host.call("GET", `/vaults/${vault}`)).status).toBe(404);
  });
});

describe("a run of many units", () => {
  test("is cut into units by its budget, and a twin that was slower takes the winner's result (hazard B1)", async () => {
    host = await createAppHost();
    host.disks.addDiskWith("d1", diskOf(2 * BLOCK, { 0: 2 }));
    const vault = await host.vault(["d1"]);
    const outcomes: unknown[] = [];
    host.hooks = {
      async beforeTask(task, { name }) {
        if (task !== "backup-group.transfer") return;
        const ask = { backupId: name.slice(0, 36), fence: 1, attempt: 0, group: 0, cursor: -1 };
        outcomes.push(...(await Promise.all([transferGroup(host.services, ask), transferGroup(host.services, ask)])));
      },
    };
    const { of } = await host.backUp(vault);
    expect(outcomes).toEqual([
      { cursor: 1, done: true },
      { cursor: 1, done: true },
    ]);
    expect(host.disks.bytes.get("d1")).toBeDefined();
    host.disks.bytes.get("d1")?.fill(1);
    expect((await host.restore(of.d1 ?? "", { volume_id: "d1" })).status).toBe("success");
    expect(host.disks.bytes.get("d1")).toEqual(diskOf(2 * BLOCK, { 0: 2 }));
  });
});

test("a parked run goes on in the next process from what was recorded and is whole", async () => {
  host = await createAppHost();
  host.disks.addDiskWith("d1", diskOf(2 * BLOCK, { 0: 2 }));
  const vault = await host.vault(["d1"]);
  for (const moment of ["backup-member.open", "backup-member.capture", "backup-group.transfer", "backup-member.seal"]) {
    let parked = false;
    host.hooks = {
      async beforeTask(task) {
        if (task !== moment || parked) return;
        parked = true;
        void host.park();
      },
    };
    await host.start(vault);
    await host.idle();
    await host.restart();
    await host.idle();
    const [backup] = (await host.call("GET", "/backups?limit=1")).body.backups;
    expect(backup.status, moment).toBe("available");
  }
});
