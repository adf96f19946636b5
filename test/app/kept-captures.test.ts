/** Does an incremental backup read only what changed since the capture that was kept, and everything when in doubt? */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runKey } from "../../core/app/records/keys.ts";
import { load, runs } from "../../core/app/records/tables.ts";
import { defaultDomain } from "../../core/app/repository/keyring.ts";
import { sweepProvider } from "../../core/app/time/sweep-provider.ts";
import { tick } from "../../core/app/time/tick.ts";
import { CaptureRefused } from "../../core/ports/resource-provider.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { createReplacingDisks, type ReplacingDisks } from "../support/replacing-disks.ts";
import { PROJECT } from "../support/vault-host.ts";

const SIZE = 8 * BLOCK;
const HOUR = 3600_000;
const first = diskOf(SIZE, { 0: 1, 1: 2, 2: 3, 3: 4 });
const second = diskOf(SIZE, { 0: 1, 1: 2, 2: 3, 3: 6, 5: 8 });

let disks: ReplacingDisks;
let host: AppHost;
let vault: string;
beforeEach(async () => {
  disks = createReplacingDisks();
  host = await createAppHost(disks.options);
  disks.addDisk("d1", first);
  vault = await host.vault(["d1"]);
});
afterEach(() => host.close());

/** Backs up; the id of the backup and the bytes that were read from the source. */
async function backUp(parameters?: object): Promise<{ id: string; read: number }> {
  disks.reads.length = 0;
  const { of } = await host.backUp(vault, parameters);
  const id = of.d1 ?? "";
  const { status } = await host.backup(id);
  expect(status, JSON.stringify(host.notices)).toBe("available");
  return { id, read: disks.reads.reduce((sum, { length }) => sum + length, 0) };
}
const write = (bytes: Uint8Array) => {
  disks.live("d1").bytes = Uint8Array.from(bytes);
};
const kept = async () => (await host.binding(vault, "d1")).kept?.d1;
const snapshots = () => [...disks.snapshots.keys()];
/** Restores the backup: does the disk hold these bytes then? */
async function expectBytes(id: string, bytes: Uint8Array): Promise<void> {
  const log = await host.restore(id, { volume_id: "d1" });
  expect(log.status, JSON.stringify(log.error_info)).toBe("success");
  expect(Buffer.from(disks.live("d1").bytes).equals(bytes)).toBe(true);
}
const sweep = () => sweepProvider(host.services);

describe("the backup after one whose capture was kept", () => {
  test("reads only what changed since, and holds everything", async () => {
    const a = await backUp();
    expect(a.read).toBe(4 * BLOCK);
    expect(await kept()).toMatchObject({ rootId: a.id, size: SIZE, currentId: "d1" });
    write(second);
    const b = await backUp();
    expect(b.read).toBe(2 * BLOCK);
    const c = await backUp();
    expect(c.read).toBe(0);
    for (const id of [b.id, c.id]) await expectBytes(id, second);
    await expectBytes(a.id, first);
  });

  test("reads only what changed also when its resource moved to another vault in between (VLT-42)", async () => {
    await backUp();
    const other = await host.vault([], { name: "other" });
    const move = { destination_vault_id: other, resource_ids: ["d1"] };
    expect((await host.call("POST", `/vaults/${vault}/migrateresources`, move)).status).toBe(200);
    vault = other;
    host.clock.ahead += 2 * HOUR;
    expect(await sweep()).toMatchObject({ kept: 1, released: 0 });
    write(second);
    const b = await backUp();
    expect(b.read).toBe(2 * BLOCK);
    await expectBytes(b.id, second);
  });

  test("releases the capture of the root it supersedes after it is sealed, not before: the newest of a disk is all that stays (CON-17)", async () => {
    await backUp();
    const before = await kept();
    const seen: unknown[] = [];
    disks.beforeCall = async (call) => {
      if (call !== "release" && call !== "releaseKept") return;
      const [newest] = (await host.call("GET", "/backups?limit=1")).body.backups;
      seen.push([call, newest.status, disks.snapshots.has(before?.snapshotId ?? "")]);
    };
    write(second);
    await backUp();
    expect(seen).toEqual([
      ["release", "protecting", true],
      ["releaseKept", "available", true],
    ]);
    expect(snapshots()).toEqual([(await kept())?.snapshotId]);
    expect(snapshots()).not.toContain(before?.snapshotId);
  });

  test("that stopped between the seal and that release leaves it to the sweep, an hour later", async () => {
    await backUp();
    write(second);
    disks.beforeCall = (call) => {
      if (call === "releaseKept") throw new Error("the process died");
    };
    await backUp();
    disks.beforeCall = () => undefined;
    expect(snapshots()).toHaveLength(2);
    expect(await sweep()).toMatchObject({ kept: 2, released: 0 });
    host.clock.ahead += HOUR;
    expect(await sweep()).toMatchObject({ kept: 1, released: 1 });
    expect(snapshots()).toEqual([(await kept())?.snapshotId]);
    expect((await backUp()).read).toBe(0);
  });

  test("that fails releases its own capture and keeps the baseline's, which the next one is compared with", async () => {
    await backUp();
    const before = await kept();
    write(second);
    const { transfer } = host.services.dataPlane;
    host.services.dataPlane.transfer = async () => {
      throw new Error("the network is gone");
    };
    const { of } = await host.backUp(vault);
    expect((await host.backup(of.d1 ?? "")).status).toBe("error");
    expect(snapshots()).toEqual([before?.snapshotId]);
    expect(await kept()).toEqual(before);
    host.services.dataPlane.transfer = transfer;
    const next = await backUp();
    expect(next.read).toBe(2 * BLOCK);
    await expectBytes(next.id, second);
  });

  test("reads everything when that capture was deleted behind our back", async () => {
    await backUp();
    disks.snapshots.delete((await kept())?.snapshotId ?? "");
    write(second);
    const b = await backUp();
    expect(b.read).toBe(5 * BLOCK);
    await expectBytes(b.id, second);
  });

  test("reads everything when that capture is deleted while it runs", async () => {
    await backUp();
    const before = (await kept())?.snapshotId ?? "";
    write(second);
    host.hooks = {
      beforeTask: (task) => {
        if (task === "backup-group.transfer") disks.snapshots.delete(before);
      },
    };
    const b = await backUp();
    expect(b.read).toBe(5 * BLOCK);
    await expectBytes(b.id, second);
  });

  test("reads everything of a disk that grew", async () => {
    await backUp();
    const grown = new Uint8Array(SIZE + 3 * BLOCK);
    grown.set(second);
    grown.fill(7, SIZE + BLOCK, SIZE + 2 * BLOCK);
    write(grown);
    const b = await backUp();
    expect(b.read).toBe(6 * BLOCK);
    await expectBytes(b.id, grown);
    expect((await backUp()).read).toBe(6 * BLOCK);
  });

  test("reads everything after a restore put another disk in place, and the one after that only changes again", async () => {
    const a = await backUp();
    write(second);
    await backUp();
    await expectBytes(a.id, first);
    expect(await kept()).toBeUndefined();
    const b = await backUp();
    expect(b.read).toBe(4 * BLOCK);
    expect(await kept()).toMatchObject({ rootId: b.id, currentId: disks.live("d1").id });
    write(second);
    const c = await backUp();
    expect(c.read).toBe(2 * BLOCK);
    await expectBytes(c.id, second);
    await expectBytes(b.id, first);
  });

  test("does not ask what changed when it is to be a full one; its own capture is kept in the other's place", async () => {
    await backUp();
    const before = await kept();
    write(second);
    const full = await backUp({ incremental: false });
    expect(full.read).toBe(5 * BLOCK);
    expect((await kept())?.rootId).toBe(full.id);
    expect(snapshots()).not.toContain(before?.snapshotId);
    expect((await backUp()).read).toBe(0);
    await expectBytes(full.id, second);
  });

  test("is compared with the baseline also when the newest backup was deleted", async () => {
    const a = await backUp();
    write(second);
    const b = await backUp();
    await host.drop(b.id);
    const third = diskOf(SIZE, { 0: 1, 3: 6, 5: 8, 7: 9 });
    write(third);
    const c = await backUp();
    expect(c.read).toBe(BLOCK);
    await host.drop(a.id);
    await expectBytes(c.id, third);
  });

  test("reads everything when the baseline's pack was lost, which mends it", async () => {
    await backUp();
    for (const name of [...host.objects.objects.keys()])
      if (name.includes("/packs/")) host.objects.objects.delete(name);
    const b = await backUp();
    expect(b.read).toBe(SIZE);
    await expectBytes(b.id, first);
  });

  test("which captures a second time gives the first capture back and is compared all the same", async () => {
    await backUp();
    write(second);
    const { confirm } = host.services.resources;
    let asked = 0;
    host.services.resources.confirm = async (capture) =>
      asked++ === 0 ? { unchanged: false, reason: "says the test" } : confirm(capture);
    const b = await backUp();
    expect(b.read).toBe(4 * BLOCK);
    expect(snapshots()).toEqual([(await kept())?.snapshotId]);
    await expectBytes(b.id, second);
  });

  test("of one disk of a server leaves what is kept of the others", async () => {
    disks.addServer("srv", [first, second]);
    const servers = await host.vault(["srv"]);
    await host.backUp(servers);
    const { kept: before } = await host.binding(servers, "srv");
    const some = {
      resource_details: [{ id: "srv", type: "OS::Nova::Server", extra_info: { exclude_volumes: ["srv-d1"] } }],
    };
    await host.backUp(servers, some);
    const { kept: after } = await host.binding(servers, "srv");
    expect(after?.["srv-d1"]).toEqual(before?.["srv-d1"]);
    expect(after?.["srv-d0"]?.snapshotId).not.toBe(before?.["srv-d0"]?.snapshotId);
    expect(snapshots().sort()).toEqual(
      Object.values(after ?? {})
        .map((one) => one.snapshotId)
        .sort(),
    );
    disks.reads.length = 0;
    await host.backUp(servers);
    expect(disks.reads).toEqual([]);
  });
});

test("a resource that leaves its vault leaves its kept capture to the sweep", async () => {
  await backUp();
  host.clock.ahead += 2 * HOUR;
  expect(await sweep()).toMatchObject({ kept: 1, released: 0 });
  await host.call("POST", `/vaults/${vault}/removeresources`, { resource_ids: ["d1"] });
  await host.idle();
  expect(await sweep()).toMatchObject({ kept: 0, released: 1 });
  expect(snapshots()).toEqual([]);
});

describe("a capture that takes its time", () => {
  test("is waited for, and read once it is there", async () => {
    disks.polls.ready = 3;
    let asked = 0;
    disks.beforeCall = (call) => {
      if (call === "ready") asked++;
    };
    const { read } = await backUp();
    expect([asked, read]).toEqual([4, 4 * BLOCK]);
  });

  test("for more than 48 hours ends its backup in an error and is released", async () => {
    disks.polls.ready = Number.POSITIVE_INFINITY;
    disks.beforeCall = (call) => {
      if (call === "ready") host.clock.ahead += 5 * HOUR;
    };
    const { of } = await host.backUp(vault);
    const task = (await host.call("GET", "/operation-logs?operation_type=backup")).body.operation_logs[0];
    expect(task).toMatchObject({ status: "failed", error_info: { code: "BackupService.6215" } });
    expect(task.error_info.message).toContain("48 hours");
    expect((await host.backup(of.d1 ?? "")).status).toBe("error");
    expect(snapshots()).toEqual([]);
    disks.polls.ready = 0;
    disks.beforeCall = () => undefined;
    await backUp();
  });

  test("and never can be read ends its backup with the provider's reason", async () => {
    disks.beforeCall = (call) => {
      if (call === "ready") throw new CaptureRefused("d1", "7003", "snapshot snap-1 is in the state error");
    };
    const { of } = await host.backUp(vault);
    expect((await host.backup(of.d1 ?? "")).status).toBe("error");
    const task = (await host.call("GET", "/operation-logs?operation_type=backup")).body.operation_logs[0];
    expect(task.error_info).toEqual({
      code: "BackupService.6215",
      message: "snapshot snap-1 is in the state error",
    });
    expect(snapshots()).toEqual([]);
  });

  test("of a run that was declared dead meanwhile counts for nothing and is released (CCY-04)", async () => {
    disks.polls.ready = 3;
    let dead = false;
    disks.beforeCall = async (call) => {
      if (call !== "ready" || dead) return;
      dead = true;
      host.clock.ahead += HOUR;
      await tick(host.services);
    };
    const { of } = await host.backUp(vault);
    expect((await host.backup(of.d1 ?? "")).status).toBe("error");
    expect(await load(host.records, runs, runKey(defaultDomain(PROJECT), of.d1 ?? ""))).toBeUndefined();
    expect(await host.binding(vault, "d1")).not.toHaveProperty("lease");
    expect(snapshots()).toEqual([]);
    await backUp();
  });

  test("shows that its run lives: the tick leaves it alone however long it takes", async () => {
    disks.polls.ready = 20;
    disks.beforeCall = async (call) => {
      if (call !== "ready") return;
      host.clock.ahead += HOUR / 3;
      await tick(host.services);
    };
    await backUp();
  });
});
