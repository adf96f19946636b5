/** Does a restore that puts new disks in place of live ones end right, wherever it fails or stops, and stay unseen by clients? */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Discarded } from "../../adapters/local/workflows/errors.ts";
import { sweepProvider } from "../../core/app/time/sweep-provider.ts";
import { tick } from "../../core/app/time/tick.ts";
import { ProviderUnavailable, TargetUnusable } from "../../core/ports/blocks.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { type Call, UNDO_MS } from "../support/replacing-account.ts";
import { createReplacingDisks, type ReplacingDisks } from "../support/replacing-disks.ts";
import { diskResource, vaultBody } from "../support/vault-host.ts";

const SIZE = 4 * BLOCK;
const HOUR = 3600_000;
const old = diskOf(SIZE, { 0: 1, 2: 2 });
const now = diskOf(SIZE, { 0: 3, 3: 4 });
const later = diskOf(SIZE, { 1: 6 });

let disks: ReplacingDisks;
let host: AppHost;
beforeEach(async () => {
  disks = createReplacingDisks();
  Object.assign(disks.polls, { ready: 1, finish: 2, replace: 1, swap: 1 });
  host = await createAppHost(disks.options);
});
afterEach(() => host.close());

const same = (id: string, bytes: Uint8Array) => Buffer.from(disks.live(id).bytes).equals(bytes);
const write = (id: string, bytes: Uint8Array) => {
  disks.live(id).bytes = Uint8Array.from(bytes);
};
const sweep = () => sweepProvider(host.services);
/** An hour later the sweep leaves exactly what is needed: what the next backup is compared with, and what is kept for undo. */
async function expectNothingLeft(vault: string, resource: string, undo: readonly string[] = []): Promise<void> {
  host.clock.ahead += HOUR;
  expect(await sweep()).toMatchObject({ failed: 0 });
  const kept = Object.values((await host.binding(vault, resource)).kept ?? {}).map((one) => one.snapshotId);
  expect(await disks.left()).toEqual([...kept, ...undo].sort());
}
const failAt = (failing: Call, error: Error) => {
  disks.beforeCall = (call) => {
    if (call === failing) throw error;
  };
};
const noFaults = () => {
  disks.beforeCall = () => undefined;
  disks.swapFailsAfter = undefined;
};
const lastRestore = async () =>
  (await host.call("GET", "/operation-logs?operation_type=restore&limit=1")).body.operation_logs[0];

describe("a disk that is restored by replacement", () => {
  let vault: string;
  let id: string;
  beforeEach(async () => {
    disks.addDisk("d1", old);
    vault = await host.vault(["d1"]);
    id = (await host.backUp(vault)).of.d1 ?? "";
    write("d1", now);
  });
  const restore = async (backup = id) => {
    const log = await host.restore(backup, { volume_id: "d1" });
    expect(log.status, JSON.stringify(log.error_info)).toBe("success");
  };

  test("holds the backup's bytes on a new disk; the old one stays for undo, then goes", async () => {
    await restore();
    expect(disks.live("d1").id).not.toBe("d1");
    expect(same("d1", old)).toBe(true);
    expect(Buffer.from(disks.volumes.get("d1")?.bytes ?? []).equals(now)).toBe(true);
    await expectNothingLeft(vault, "d1", ["d1"]);
    host.clock.ahead += UNDO_MS;
    await expectNothingLeft(vault, "d1");
    expect(same("d1", old)).toBe(true);
  });

  test("keeps its first id wherever clients look, through backups and more restores", async () => {
    await restore();
    const second = disks.live("d1").id;
    write("d1", later);
    const next = (await host.backUp(vault)).of.d1 ?? "";
    await restore(next);
    const third = disks.live("d1").id;
    expect(same("d1", later)).toBe(true);
    await restore(id);
    expect(same("d1", old)).toBe(true);
    expect(disks.live("d1").id).not.toBe(third);
    const { body } = await host.call("GET", `/vaults/${vault}`);
    expect(body.vault.resources.map((one: { id: string }) => one.id)).toEqual(["d1"]);
    const { backups } = (await host.call("GET", `/backups?vault_id=${vault}`)).body;
    expect(backups.map((one: { resource_id: string }) => one.resource_id)).toEqual(["d1", "d1"]);
    expect((await host.binding(vault, "d1")).used).toBe(3 * BLOCK);
    await expectNothingLeft(vault, "d1", ["d1", second, third]);
  });

  test("cannot be bound a second time under its new id; once it has left its vault it can", async () => {
    await restore();
    const fresh = disks.live("d1").id;
    const bind = async () => {
      const { status, body } = await host.call("POST", "/vaults", vaultBody({ resources: [diskResource(fresh)] }));
      return [status, body.error_code];
    };
    expect(await bind()).toEqual([500, "BackupService.6137"]);
    const shown = await host.call("GET", `/protectables/disk/instances/${fresh}`);
    expect(shown.body.instance.protectable).toMatchObject({ result: false, vault: { id: vault } });
    const first = await host.call("GET", "/protectables/disk/instances/d1");
    expect(first.body.instance.protectable).toMatchObject({ result: false, code: "BackupService.6103" });
    await host.call("POST", `/vaults/${vault}/removeresources`, { resource_ids: ["d1"] });
    await host.idle();
    expect(await bind()).toEqual([200, undefined]);
    expect(same("d1", old)).toBe(true);
  });

  test("that has left its vault keeps its live disk, whatever the sweep frees", async () => {
    await restore();
    const { id: live } = disks.live("d1");
    await host.call("POST", `/vaults/${vault}/removeresources`, { resource_ids: ["d1"] });
    await host.idle();
    host.clock.ahead += UNDO_MS + HOUR;
    await sweep();
    expect(await disks.left()).toEqual([]);
    expect([...disks.volumes.keys()]).toEqual([live]);
  });

  test.each<[string, () => void, string, RegExp]>([
    ["writing", () => failAt("write", new Error("no more bytes")), "9910", /no more bytes/],
    ["preparing", () => failAt("targets.prepare", new TargetUnusable("no room")), "2011", /no room/],
    ["finishing", () => failAt("targets.finish", new Error("a block is missing")), "9910", /a block is missing/],
    ["making the new disk", () => failAt("targets.replacements", new TargetUnusable("quota")), "2011", /quota/],
  ])("is as it was when %s failed, and nothing is left", async (_, inject, code, reason) => {
    inject();
    const log = await host.restore(id, { volume_id: "d1" });
    expect(log).toMatchObject({ status: "failed", error_info: { code: `BackupService.${code}` } });
    expect(log.error_info.message).toMatch(reason);
    expect(disks.live("d1").id).toBe("d1");
    expect(same("d1", now)).toBe(true);
    expect(await host.binding(vault, "d1")).toMatchObject({ status: "available", restoreIncomplete: false });
    noFaults();
    expect(await disks.left()).toHaveLength(1);
    await expectNothingLeft(vault, "d1");
    await host.backUp(vault);
    await restore();
  });

  test("is as it was when what was written differs from the backup, and the task says where", async () => {
    host.hooks = {
      beforeTask: (task) => {
        if (task !== "compare-group.compare") return;
        for (const { restoreId, bytes } of disks.snapshots.values())
          if (restoreId !== undefined) bytes.fill(1, 2 * BLOCK + 5, 2 * BLOCK + 6);
      },
    };
    const log = await host.restore(id, { volume_id: "d1" });
    expect(log).toMatchObject({ status: "failed", error_info: { code: "BackupService.6215" } });
    expect(log.error_info.message).toContain(`at byte offset ${2 * BLOCK}`);
    expect(same("d1", now)).toBe(true);
    expect(await host.binding(vault, "d1")).toMatchObject({ status: "available", restoreIncomplete: false });
    await expectNothingLeft(vault, "d1");
  });

  test("whose leftovers cannot be freed is ended by the tick all the same, and they are met by the sweep", async () => {
    disks.beforeCall = (call) => {
      if (call === "targets.replacements" || call === "targets.abandon") throw new Error("EC2 is away");
    };
    // Its workflow gives up: nothing is called failed before what had left its place was put back.
    const log = await host.restore(id, { volume_id: "d1" });
    expect(log.status).toBe("running");
    host.clock.ahead += 11 * 60_000;
    await tick(host.services);
    expect((await host.call("GET", `/operation-logs/${log.id}`)).body.operation_log.status).toBe("failed");
    expect(await disks.left()).toHaveLength(2);
    noFaults();
    expect(await sweep()).toMatchObject({ kept: 2, released: 0 });
    await expectNothingLeft(vault, "d1");
  });

  test("is not called restored when nothing was made to compare, or to take its place", async () => {
    const { targets } = host.services;
    const { finish, replacements } = targets;
    targets.finish = async (restoring) => ({ ...(await finish(restoring)), readBack: [] });
    expect((await host.restore(id, { volume_id: "d1" })).error_info.message).toContain("only written");
    targets.finish = finish;
    targets.replacements = async () => ({ done: true, replacements: [] });
    expect((await host.restore(id, { volume_id: "d1" })).error_info.message).toContain("place of disk d1");
    targets.replacements = replacements;
    expect(same("d1", now)).toBe(true);
    await expectNothingLeft(vault, "d1");
    await restore();
  });
});

describe("a server that is restored by replacement", () => {
  const contents = [old, diskOf(SIZE, { 1: 8 }), diskOf(SIZE, { 3: 10 })];
  const ids = ["srv-d0", "srv-d1", "srv-d2"];
  let vault: string;
  let id: string;
  beforeEach(async () => {
    disks.addServer("srv", contents);
    vault = await host.vault(["srv"]);
    id = (await host.backUp(vault)).of.srv ?? "";
    for (const disk of ids) write(disk, now);
  });
  const restore = (backup = id, more: object = {}) => host.restore(backup, { server_id: "srv", ...more });
  const server = () => disks.servers.get("srv");
  const restored = () => ids.map((disk, i) => same(disk, contents[i] ?? old));
  const attached = () =>
    [...disks.volumes.values()]
      .filter((one) => one.serverId === "srv")
      .sort((a, b) => a.slot - b.slot)
      .map((one) => one.id);
  const childrenOf = async (backup: string) =>
    (await host.backup(backup)).children.map((one: { resource_id: string }) => one.resource_id).sort();

  test("has all its disks replaced, in their places, and goes on under the same ids", async () => {
    expect((await restore()).status).toBe("success");
    expect(restored()).toEqual([true, true, true]);
    expect(attached()).toEqual(ids.map((disk) => disks.live(disk).id));
    expect(server()?.running).toBe(true);
    await expectNothingLeft(vault, "srv", ids);

    write("srv-d1", later);
    disks.reads.length = 0;
    const next = (await host.backUp(vault)).of.srv ?? "";
    expect(await childrenOf(next)).toEqual(ids);
    expect(disks.reads.length).toBeGreaterThan(0);
    disks.reads.length = 0;
    await host.backUp(vault);
    expect(disks.reads).toEqual([]);
    for (const disk of ids) write(disk, now);
    expect((await restore(next)).status).toBe("success");
    expect([same("srv-d0", old), same("srv-d1", later), same("srv-d2", contents[2] ?? old)]).toEqual([
      true,
      true,
      true,
    ]);
    expect((await restore(id)).status).toBe("success");
    expect(restored()).toEqual([true, true, true]);
    host.clock.ahead += UNDO_MS;
    await expectNothingLeft(vault, "srv");
    expect(attached()).toHaveLength(3);
  });

  test("is started again when it ran, unless the request says no (RST-10)", async () => {
    expect((await restore(id, { power_on: false })).status).toBe("success");
    expect(server()?.running).toBe(false);
    expect((await restore()).status).toBe("success");
    expect(server()?.running).toBe(false);
    disks.servers.set("srv", { running: true });
    expect((await restore()).status).toBe("success");
    expect(server()?.running).toBe(true);
  });

  test("takes mappings, choices of disks and backups by the first ids after a replacement (RST-06, VLT-24)", async () => {
    await restore();
    const parts: { id: string; resource_id: string }[] = (await host.backup(id)).children;
    const part = (disk: string) => parts.find((one) => one.resource_id === disk)?.id;
    const mappings = [
      { backup_id: part("srv-d0"), volume_id: "srv-d0" },
      { backup_id: part("srv-d1"), volume_id: "srv-d2" },
      { backup_id: part("srv-d2"), volume_id: "srv-d1" },
    ];
    expect((await restore(id, { mappings })).status).toBe("success");
    expect([same("srv-d1", contents[2] ?? old), same("srv-d2", contents[1] ?? old)]).toEqual([true, true]);
    const some = { id: "srv", type: "OS::Nova::Server", extra_info: { include_volumes: [{ id: "srv-d2" }] } };
    const { of } = await host.backUp(vault, { resource_details: [some] });
    expect(await childrenOf(of.srv ?? "")).toEqual(["srv-d2"]);
  });

  test("whose swap could not begin is as it was: nothing is marked, and it can be backed up", async () => {
    disks.swapFailsAfter = 0;
    expect(await restore()).toMatchObject({ status: "failed" });
    expect(await host.binding(vault, "srv")).toMatchObject({ status: "available", restoreIncomplete: false });
    noFaults();
    await expectNothingLeft(vault, "srv");
    expect((await host.start(vault, { resources: ["srv"] })).status).toBe(200);
    await host.idle();
  });

  test.each([1, 2])(
    "whose swap ended after %i disks is marked, remembered as it is, and healed by the next restore",
    async (swapped) => {
      disks.swapFailsAfter = swapped;
      const log = await restore();
      expect(log).toMatchObject({ status: "failed", error_info: { code: "BackupService.2011" } });
      expect(log.error_info.message).toContain("cannot be detached");
      const half = await host.binding(vault, "srv");
      expect(half).toMatchObject({ status: "error", restoreIncomplete: true });
      const done = Object.keys(half.replaced ?? {});
      expect(done).toHaveLength(swapped);
      expect(ids).toEqual(expect.arrayContaining(done));
      for (const [first, live] of Object.entries(half.replaced ?? {})) expect(disks.live(first).id).toBe(live);
      expect(Object.keys(half.kept ?? {}).sort()).toEqual(ids.filter((one) => !done.includes(one)));
      const refused = await host.start(vault, { resources: ["srv"] });
      expect([refused.status, refused.body.error_code]).toEqual([400, "BackupService.6215"]);
      noFaults();
      await expectNothingLeft(vault, "srv", done);
      expect(attached()).toEqual(ids.map((disk) => disks.live(disk).id));

      expect((await restore()).status).toBe("success");
      expect(restored()).toEqual([true, true, true]);
      expect(await host.binding(vault, "srv")).toMatchObject({ status: "available", restoreIncomplete: false });
      const next = (await host.backUp(vault)).of.srv ?? "";
      expect(await childrenOf(next)).toEqual(ids);
      host.clock.ahead += UNDO_MS;
      await expectNothingLeft(vault, "srv");
      expect(attached()).toHaveLength(3);
    },
  );

  test("stays marked while one of its half restored disks has not been restored, and says so (design §6)", async () => {
    // A backup without one of the disks.
    const { status } = await host.call("POST", `/vaults/${vault}/addresources`, {
      resources: [{ id: "srv", type: "OS::Nova::Server", extra_info: { exclude_volumes: ["srv-d1"] } }],
    });
    expect(status).toBe(200);
    const without = (await host.backUp(vault)).of.srv ?? "";
    disks.swapFailsAfter = 1;
    expect((await restore()).status).toBe("failed");
    noFaults();
    expect((await restore(without)).status).toBe("success");
    expect(await host.binding(vault, "srv")).toMatchObject({
      status: "error",
      restoreIncomplete: true,
      incompleteDisks: ["srv-d1"],
    });
    expect((await host.start(vault, { resources: ["srv"] })).status).toBe(400);
    expect((await restore()).status).toBe("success");
    expect(await host.binding(vault, "srv")).toMatchObject({ status: "available", restoreIncomplete: false });
  });

  test("is bound again by the ids that clients know, with its new disks still claimed (VLT-24, VLT-25, CON-04)", async () => {
    await restore();
    const fresh = disks.live("srv-d1").id;
    const add = (extra_info: object) =>
      host.call("POST", `/vaults/${vault}/addresources`, {
        resources: [{ id: "srv", type: "OS::Nova::Server", extra_info }],
      });
    expect((await add({ include_volumes: [{ id: "srv-d0" }] })).status).toBe(200);
    expect(await childrenOf((await host.backUp(vault)).of.srv ?? "")).toEqual(["srv-d0"]);
    expect((await add({ exclude_volumes: ["srv-d0"] })).status).toBe(200);
    expect(await childrenOf((await host.backUp(vault)).of.srv ?? "")).toEqual(["srv-d1", "srv-d2"]);
    for (const disk of ["srv-d1", fresh]) {
      const other = await host.call("POST", "/vaults", vaultBody({ resources: [diskResource(disk)] }));
      expect(other.status, disk).toBeGreaterThanOrEqual(400);
      expect(other.body.error_code, disk).toMatch(/6137|7000/);
    }
  });

  test("whose new disks never come is given up after three days of waiting", async () => {
    disks.polls.replace = 1_000_000;
    let rounds = 0;
    host.hooks = {
      beforeTask(task) {
        if (task === "restore.replace" && ++rounds > 2) host.clock.ahead += 80 * HOUR;
      },
    };
    const log = await restore();
    expect(log.status).toBe("failed");
    expect(log.error_info.message).toContain("after 72 hours");
    expect(await host.binding(vault, "srv")).toMatchObject({ status: "available", restoreIncomplete: false });
  });

  test("is not mixed up with a replaced disk that somebody attaches again beside the new one", async () => {
    await restore();
    const undo = disks.volumes.get("srv-d1");
    if (undo === undefined) throw new Error("no undo");
    Object.assign(undo, { serverId: "srv", slot: 3 });
    write("srv-d1", later);
    const next = (await host.backUp(vault)).of.srv ?? "";
    expect(await childrenOf(next)).toEqual(ids);
    write("srv-d1", old);
    expect((await restore(next)).status).toBe("success");
    expect(same("srv-d1", later)).toBe(true);
    host.clock.ahead += UNDO_MS + HOUR;
    await sweep();
    expect(disks.volumes.get("srv-d1")).toBe(undo);
  });

  test("whose restore somebody has undone by hand is backed up and restored as it stands", async () => {
    await restore();
    const [fresh, undo] = [disks.live("srv-d1"), disks.volumes.get("srv-d1")];
    if (undo === undefined) throw new Error("no undo");
    disks.volumes.delete(fresh.id);
    Object.assign(undo, { serverId: "srv", slot: 1, undo: undefined, inPlace: true });
    undo.bytes = Uint8Array.from(later);
    const next = (await host.backUp(vault)).of.srv ?? "";
    expect(await childrenOf(next)).toEqual(ids);
    undo.bytes = Uint8Array.from(now);
    expect((await restore(next)).status).toBe("success");
    expect(same("srv-d1", later)).toBe(true);
    expect((await host.binding(vault, "srv")).replaced?.["srv-d1"]).toBe(disks.live("srv-d1").id);
  });

  test("goes on when the provider is away for a while, or shows what it did only later", async () => {
    let away = 0;
    disks.beforeCall = (call) => {
      if (call.startsWith("targets.") && away++ % 2 === 0) throw new ProviderUnavailable("asks to slow down");
    };
    const { inPlace } = host.services.targets;
    let looks = 0;
    host.services.targets.inPlace = async (restoring) => (looks++ < 2 ? [] : inPlace(restoring));
    const log = await restore();
    expect(log.status, JSON.stringify(log.error_info)).toBe("success");
    expect([away > 8, looks > 2]).toEqual([true, true]);
    expect(restored()).toEqual([true, true, true]);
    noFaults();
    await expectNothingLeft(vault, "srv", ids);
  });

  test("is not declared dead while its swap is tried again and again: two must not move the same disks", async () => {
    let tries = 0;
    disks.beforeCall = async (call) => {
      if (call !== "targets.swap" || ++tries > 3) return;
      host.clock.ahead += 16 * 60_000;
      await tick(host.services);
      throw new ProviderUnavailable("EC2 is away");
    };
    expect((await restore()).status).toBe("success");
    expect(tries).toBeGreaterThan(3);
    expect(restored()).toEqual([true, true, true]);
  });

  test("whose process stopped half-way through the swap and was declared dead is marked, and remembered as it is (CCY-04)", async () => {
    host.hooks = {
      async afterEffect(task) {
        if (task !== "restore.swap") return;
        host.hooks = {};
        await host.park();
        throw new Discarded("the process died");
      },
    };
    await restore();
    host.clock.ahead += HOUR;
    await tick(host.services);
    expect(await lastRestore()).toMatchObject({ status: "timeout" });
    const half = await host.binding(vault, "srv");
    expect(half).toMatchObject({ status: "error", restoreIncomplete: true });
    const [done = ""] = Object.keys(half.replaced ?? {});
    expect(half.replaced).toEqual({ [done]: disks.live(done).id });
    expect(disks.live(done).id).not.toBe(done);
    await host.restart();
    await host.idle();
    expect(await host.binding(vault, "srv")).toEqual(half);
    await expectNothingLeft(vault, "srv", [done]);
    expect((await restore()).status).toBe("success");
    expect(restored()).toEqual([true, true, true]);
  });

  test.each(["beforeTask", "afterEffect", "afterRecord"] as const)(
    "that failed half-way and stopped %s of its failure ends as one that did not",
    async (moment) => {
      disks.swapFailsAfter = 1;
      host.hooks = {
        async [moment](task: string) {
          if (task !== "restore.fail") return;
          host.hooks = {};
          await host.park();
          throw new Discarded("the process died");
        },
      };
      await restore();
      await host.restart();
      await host.idle();
      expect(await lastRestore()).toMatchObject({ status: "failed", error_info: { code: "BackupService.2011" } });
      const { replaced = {} } = await host.binding(vault, "srv");
      const [done = ""] = Object.keys(replaced);
      expect(replaced).toEqual({ [done]: disks.live(done).id });
      expect(disks.live(done).id).not.toBe(done);
      noFaults();
      await expectNothingLeft(vault, "srv", [done]);
      expect((await restore()).status).toBe("success");
      expect(restored()).toEqual([true, true, true]);
    },
  );

  const STEPS = ["begin", "finish", "replace", "swap", "conclude"].map((step) => `restore.${step}`);
  const tasks = [...STEPS, "restore-group.write", "compare-group.compare"];
  describe.each(["beforeTask", "afterEffect", "afterRecord"] as const)("stopped %s", (moment) => {
    test.each(tasks)("of %s ends right and leaves nothing over", async (task) => {
      let stopped = 0;
      host.hooks = {
        async [moment](name: string) {
          if (name !== task || stopped++ > 0) return;
          await host.park();
          throw new Discarded("the process died");
        },
      };
      await restore();
      expect(stopped).toBeGreaterThan(0);
      expect((await lastRestore()).status).toBe(
        task === "restore.conclude" && moment !== "beforeTask" ? "success" : "running",
      );
      expect(await host.restart()).toBeGreaterThan(0);
      await host.idle();
      const log = await lastRestore();
      expect(log.status, JSON.stringify(log.error_info)).toBe("success");
      expect(restored()).toEqual([true, true, true]);
      expect(attached()).toEqual(ids.map((disk) => disks.live(disk).id));
      expect(server()?.running).toBe(true);
      await expectNothingLeft(vault, "srv", ids);
      const next = (await host.backUp(vault)).of.srv ?? "";
      expect((await host.backup(next)).status).toBe("available");
    });
  });
});
