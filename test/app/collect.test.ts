/** What collections of the service promise: garbage goes, nothing that somebody may need does. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failRun } from "../../core/app/backup/fail-run.ts";
import {
  backupKey,
  bindingKey,
  dueKey,
  INTENTS,
  intentKey,
  repositoryKey,
  runKey,
} from "../../core/app/records/keys.ts";
import type { Repository } from "../../core/app/records/repositories.ts";
import { MoveRun } from "../../core/app/records/runs.ts";
import { bindings, insertAt, load, replace, repositories, walkItems } from "../../core/app/records/tables.ts";
import { guard, LeaseLost, takeLease } from "../../core/app/repository/collector-lease.ts";
import { defaultDomain } from "../../core/app/repository/keyring.ts";
import { planCollection, trashCollected } from "../../core/app/repository/run-collection.ts";
import type { Services } from "../../core/app/services.ts";
import { startCollection } from "../../core/app/time/collections.ts";
import { tick } from "../../core/app/time/tick.ts";
import { ChangeListWrong, type DataPlane } from "../../core/ports/data-plane.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { PROJECT } from "../support/vault-host.ts";

const DOMAIN = defaultDomain(PROJECT);
const DAY = 25 * 3600 * 1000;
const SIZE = 40;

let host: AppHost;
let vault: string;
beforeEach(async () => {
  host = await createAppHost();
  host.disks.addDiskWith("d1", diskOf(SIZE * BLOCK, { 0: 1 }));
  vault = await host.vault(["d1"]);
});
afterEach(() => host.close());

type Pattern = Readonly<Record<number, number>>;
const contents = new Map<string, Uint8Array>();

async function backUp(pattern: Pattern, parameters?: object): Promise<string> {
  const bytes = diskOf(SIZE * BLOCK, pattern);
  host.disks.setBytes("d1", bytes);
  const id = (await host.backUp(vault, parameters)).of.d1 ?? "";
  contents.set(id, bytes);
  return id;
}

async function expectRestores(id: string): Promise<void> {
  expect(await host.restore(id, { volume_id: "d1" })).toMatchObject({ status: "success" });
  expect(Buffer.from(host.disks.bytes.get("d1") ?? []).equals(contents.get(id) ?? Buffer.of())).toBe(true);
}

async function collect(): Promise<Repository["last"]> {
  await startCollection(host.services, DOMAIN);
  await host.idle();
  return (await load(host.records, repositories, repositoryKey(DOMAIN)))?.last;
}

/** Condemns, a day later dooms and deletes, a day later forgets. */
async function collectAll(): Promise<void> {
  for (let day = 0; day < 4; day++) {
    await collect();
    host.clock.ahead += DAY;
  }
}

const names = (kind: string): string[] =>
  [...host.objects.objects.keys()].filter((name) => name.startsWith(`${DOMAIN}/${kind}/`));

/** Puts something around the data plane. */
function around(change: (plane: DataPlane) => Partial<DataPlane>): void {
  const services = host.services as { -readonly [K in keyof Services]: Services[K] };
  services.dataPlane = { ...services.dataPlane, ...change(services.dataPlane) };
}

describe("a collection", () => {
  test("a day after deletion takes what only deleted backups held; every other backup restores", async () => {
    const a = await backUp({ 0: 1, 1: 3, 2: 5 });
    const b = await backUp({ 0: 7, 1: 3, 2: 5 });
    const c = await backUp({ 0: 9, 1: 3, 2: 5 });
    expect(await collect()).toMatchObject({ outcome: "done", totals: { condemn: { packs: 0 } }, orphans: [] });
    const before = names("packs");
    await host.drop(b);
    expect(await collect()).toMatchObject({ totals: { condemn: { packs: 1 } } });
    expect(await collect()).toMatchObject({ totals: { wait: { packs: 1 } } });
    expect(names("packs")).toEqual(before);
    host.clock.ahead += DAY;
    expect(await collect()).toMatchObject({ totals: { doom: { packs: 1 } }, trashed: 1 });
    const after = names("packs");
    expect(after).toHaveLength(before.length - 1);
    expect([...host.objects.trashed.keys()]).toContain(before.find((name) => !after.includes(name)));
    await expectRestores(a);
    await expectRestores(c);
  });

  test("empties packs that are mostly dead, and everything restores before and after they go", async () => {
    const pattern = Object.fromEntries(Array.from({ length: 31 }, (_, n) => [n, 2 * n + 1]));
    const a = await backUp(pattern);
    const changed = Object.fromEntries(
      Object.entries(pattern).map(([at, seed]) => [at, Number(at) < 3 ? seed : seed + 100]),
    );
    const b = await backUp(changed);
    const [old = ""] = names("packs");
    await host.drop(a);
    expect(await collect()).toMatchObject({ movable: { packs: 1 }, emptied: 1 });
    await expectRestores(b);
    await collectAll();
    expect(names("packs")).not.toContain(old);
    await expectRestores(b);
    expect(await backUp({ ...changed, 0: 501 })).toBeTruthy();
  });

  test("waits with its verdict for a run that was open when a pack was condemned", async () => {
    const a = await backUp({ 0: 1 }, { incremental: false });
    await backUp({ 0: 3 }, { incremental: false });
    await host.drop(a);
    const plans: unknown[] = [];
    host.hooks = {
      async beforeTask(task) {
        if (task !== "backup-group.transfer" || plans.length > 0) return;
        for (let n = 0; n < 2; n++) {
          plans.push(await planCollection(host.services, { domainId: DOMAIN, name: "in between" }));
          host.clock.ahead += DAY;
        }
        plans.push(await load(host.records, repositories, repositoryKey(DOMAIN)));
      },
    };
    await backUp({ 0: 5 });
    host.hooks = {};
    expect(plans[2]).toMatchObject({ last: { totals: { wait: { packs: 1 }, doom: { packs: 0 } } } });
    expect(await collect()).toMatchObject({ totals: { doom: { packs: 1 } } });
  });

  test("that comes between a unit's packs and its result makes the unit do its work again", async () => {
    let units = 0;
    around((plane) => ({
      async transfer(...unit) {
        const result = await plane.transfer(...unit);
        if (++units === 1) await planCollection(host.services, { domainId: DOMAIN, name: "in between" });
        return result;
      },
    }));
    const id = await backUp({ 0: 1, 1: 3 });
    expect(units).toBe(2);
    expect((await host.backup(id)).status).toBe("available");
    host.clock.ahead += DAY;
    await collectAll();
    expect(names("packs")).toHaveLength(1);
    await expectRestores(id);
  });

  test("that always comes in between lets the unit be tried again, and in the end fail", async () => {
    around((plane) => ({ avoided: async (...ask) => ["f".repeat(32), ...(await plane.avoided(...ask))] }));
    const id = await backUp({ 0: 1 });
    expect((await host.backup(id)).status).toBe("error");
    const log = await host.call("GET", "/operation-logs?operation_type=backup");
    expect(JSON.stringify(log.body)).toContain("referred to condemned packs");
  });

  test("keeps what a unit has published, before anybody sealed it", async () => {
    let seen: unknown;
    host.hooks = {
      async beforeTask(task) {
        if (task !== "backup-member.seal") return;
        await planCollection(host.services, { domainId: DOMAIN, name: "in between" });
        seen = (await load(host.records, repositories, repositoryKey(DOMAIN)))?.last?.totals;
      },
    };
    const id = await backUp({ 0: 1 });
    expect(seen).toMatchObject({ keep: { packs: 1 }, condemn: { packs: 0 } });
    host.hooks = {};
    await expectRestores(id);
  });

  test("shuts out a mover that died: its run is closed, and the next map is out", async () => {
    await backUp({ 0: 1 });
    const move: MoveRun = { schema: 1, id: "m1", kind: "move", domainId: DOMAIN, fence: 1, openedAt: 0 };
    await host.records.write(insertAt({ key: runKey(DOMAIN, "m1") }, MoveRun.parse(move)));
    await collect();
    expect(await host.records.get(runKey(DOMAIN, "m1"), { consistent: true })).toBeUndefined();
    expect(names("maps")).toEqual([`${DOMAIN}/maps/0000000001`]);
  });

  test("keeps everything of a backup whose records are gone, and tells people", async () => {
    const id = await backUp({ 0: 1 });
    await host.records.write({ op: "delete", key: backupKey(id), if: "present" });
    await collectAll();
    expect(host.roots()).toEqual([id]);
    expect(names("packs")).toHaveLength(1);
    expect(host.notices).toContainEqual(expect.objectContaining({ topic: "repository.orphans", severity: "warning" }));
  });

  test("takes what a failed run has written, its root too", async () => {
    const sound = await backUp({ 0: 1 });
    const { release } = host.disks;
    host.disks.release = async (capture, how) => {
      if (how.keepComparable) throw new Error("after the root was written");
      await release.call(host.disks, capture, how);
    };
    const failed = await backUp({ 5: 5, 6: 7 });
    host.disks.release = release;
    expect((await host.backup(failed)).status).toBe("error");
    await collectAll();
    expect(host.roots()).toEqual([sound]);
    expect(names("packs")).toHaveLength(1);
    await expectRestores(sound);
  });

  test("takes a root that a failed run sealed after its intent was settled, by the intent's object", async () => {
    host.hooks = {
      async beforeTask(task, { name }) {
        if (task !== "backup-member.seal") return;
        await failRun(host.services, { backupId: name, error: { Error: "LeaseExpired" }, status: "timeout" });
      },
    };
    const id = await backUp({ 0: 1 });
    host.hooks = {};
    await collect();
    expect((await intents()).length).toBe(0);
    expect(names("intents")).toEqual([`${DOMAIN}/intents/${id}`]);
    // What a seal that slept would still write.
    await host.objects.putIfAbsent(`${DOMAIN}/roots/${id}`, Buffer.from("any bytes"));
    expect(await collect()).toMatchObject({ outcome: "done", orphans: [] });
    expect(host.roots()).toEqual([]);
  });

  test("says why when it fails, gives its lease back, and the next one goes on", async () => {
    const id = await backUp({ 0: 1 });
    const name = `${DOMAIN}/roots/${id}`;
    const sound = host.objects.objects.get(name) ?? Buffer.of();
    host.objects.objects.set(name, Buffer.from("damaged"));
    await collect();
    expect(host.notices).toContainEqual(
      expect.objectContaining({ topic: "collection.failed", message: expect.stringContaining(`roots/${id}`) }),
    );
    host.objects.objects.set(name, sound);
    expect(await collect()).toMatchObject({ outcome: "done" });
  });
});

async function intents(): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const item of walkItems(host.records, intentKey(DOMAIN, "").pk, INTENTS)) found.push(item.sk);
  return found;
}

describe.each([1, 2, 3])("with a record store of bad manners (seed %i)", (seed) => {
  test("collections come out as always", async () => {
    let state = seed;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    host.close();
    host = await createAppHost({
      manners: {
        indexLagWrites: 7,
        conflictRate: 0.15,
        throttleRate: 0.05,
        staleReadRate: 0.3,
        shortPageRate: 0.3,
        random,
      },
    });
    host.disks.addDiskWith("d1", diskOf(SIZE * BLOCK, { 0: 1 }));
    vault = await host.vault(["d1"]);
    const ids: string[] = [];
    for (const seeds of [1, 3, 5]) {
      host.disks.setBytes("d1", diskOf(SIZE * BLOCK, { 0: seeds, 1: 7 }));
      const { body } = await host.start(vault);
      await host.idle();
      const listed = await host.call("GET", `/backups?checkpoint_id=${body.checkpoint.id}`);
      ids.push(listed.body.backups[0].id);
    }
    const [first = "", middle = "", last = ""] = ids;
    contents.set(first, diskOf(SIZE * BLOCK, { 0: 1, 1: 7 })).set(last, diskOf(SIZE * BLOCK, { 0: 5, 1: 7 }));
    await host.drop(middle);
    await collectAll();
    expect(names("packs")).toHaveLength(2);
    await expectRestores(first);
    await expectRestores(last);
  });
});

describe("the lease of a collection", () => {
  test("is one at a time, is taken over when it ran out, and shuts the one before out", async () => {
    await backUp({ 0: 1 });
    const first = await takeLease(host.services, DOMAIN, "first");
    if (first === undefined) throw new Error("no lease");
    expect(await takeLease(host.services, DOMAIN, "second")).toBeUndefined();
    expect(await planCollection(host.services, { domainId: DOMAIN, name: "second" })).toMatchObject({ go: false });
    await guard(host.services, first);
    host.clock.ahead += 31 * 60 * 1000;
    const second = await planCollection(host.services, { domainId: DOMAIN, name: "second" });
    expect(second).toMatchObject({ go: true, fence: first.fence + 1 });
    await expect(guard(host.services, first)).rejects.toThrow(LeaseLost);
    await expect(trashCollected(host.services, { ...first, cursor: "", round: 0 })).rejects.toThrow(LeaseLost);
  });

  test("is held on to by a collector that works longer than it lasts", async () => {
    await backUp({ 0: 1 });
    const held = await takeLease(host.services, DOMAIN, "first");
    if (held === undefined) throw new Error("no lease");
    for (let n = 0; n < 4; n++) {
      host.clock.ahead += 20 * 60 * 1000;
      await guard(host.services, held);
    }
    expect(await takeLease(host.services, DOMAIN, "second")).toBeUndefined();
  });
});

describe("the tick", () => {
  test("collects once a day from the first backup on", async () => {
    expect(await load(host.records, repositories, repositoryKey(DOMAIN))).toBeUndefined();
    await backUp({ 0: 1 });
    const started = async () => {
      await tick(host.services);
      await host.idle();
      return (await load(host.records, repositories, repositoryKey(DOMAIN)))?.fence;
    };
    expect(await started()).toBe(0);
    host.clock.ahead += DAY;
    expect(await started()).toBe(1);
    expect(await started()).toBe(1);
    host.clock.ahead += DAY;
    expect(await started()).toBe(2);
    const due = [];
    for (let shard = 0; shard < 16; shard++)
      for await (const item of walkItems(host.records, dueKey(shard, 0, "", "").pk, "2")) due.push(item.sk);
    expect(due.filter((sk) => sk.includes("#collect#"))).toHaveLength(1);
  });
});

describe("a change list that was found wrong", () => {
  test("fails the run, and the next one asks for no changes against that capture", async () => {
    await backUp({ 0: 1 });
    const place = bindingKey(vault, "d1");
    const binding = await load(host.records, bindings, place);
    if (binding === undefined) throw new Error("no binding");
    const kept = { rootId: binding.baselines.d1 ?? "", snapshotId: "s", size: SIZE * BLOCK, currentId: "d1" };
    await host.records.write(replace(bindings, { ...binding, kept: { d1: kept } }));
    around(() => ({
      transfer: async () => {
        throw new ChangeListWrong("block 7 has changed though it was not listed");
      },
    }));
    const id = await backUp({ 0: 3 });
    expect((await host.backup(id)).status).toBe("error");
    expect((await host.binding(vault, "d1")).kept).toEqual({});
    const log = await host.call("GET", "/operation-logs?operation_type=backup&status=failed");
    expect(JSON.stringify(log.body)).toContain("block 7 has changed");
  });
});
