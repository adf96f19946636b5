/** Does what nobody needs go, in its time, and nothing else? */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { backupIds } from "../../local/store/backups.ts";
import { collectStore, compactStore } from "../../local/store/collect.ts";
import { removeBackups } from "../../local/store/remove.ts";
import { restoreBackup } from "../../local/store/restore.ts";
import { openRun } from "../../local/store/runs.ts";
import { storeFigures } from "../../local/store/stat.ts";
import { BLOCK, diskOf, type StoreLab, storeLab } from "./lab.ts";

const DAY = 24 * 3600 * 1000;
const SIZE = 16 * BLOCK;
let lab: StoreLab;
let source: string;
beforeEach(async () => {
  lab = await storeLab();
  source = lab.image("a.img", diskOf(SIZE, { 0: 1, 1: 3, 2: 5, 3: 7, 4: 9, 5: 11, 6: 13, 7: 15 }));
});
afterEach(() => lab.remove());

async function remove(...ids: string[]) {
  const store = await lab.open();
  return removeBackups(store, lab.plane(store), ids);
}
async function gc(dryRun = false) {
  const store = await lab.open();
  return collectStore(store, lab.plane(store), { dryRun });
}
async function compact(dryRun = false) {
  const store = await lab.open();
  return compactStore(store, lab.plane(store), { dryRun, below: undefined });
}
const figures = async () => {
  const store = await lab.open();
  return storeFigures(store, lab.plane(store));
};
async function restores(id: string, bytes: Uint8Array): Promise<void> {
  const store = await lab.open();
  const target = lab.path("out.img");
  await restoreBackup(
    store,
    lab.plane(store),
    { id, target, overwrite: true, readBack: false, output: process.stdout },
    lab.watch,
  );
  expect(lab.read(target).equals(bytes)).toBe(true);
}

describe("a deleted backup", () => {
  test("is not listed any more, and its packs go after a day's belt and come out of the trash for 14 days", async () => {
    const { id } = await lab.backUp(source);
    const packs = await lab.objects("packs/");
    await remove(id);
    expect(await backupIds(await lab.open())).toEqual([]);
    expect((await gc()).report.totals.young.packs).toBe(packs.length);
    lab.clock = 2 * DAY;
    expect((await gc()).report.totals.condemn.packs).toBe(packs.length);
    expect((await gc()).report.totals.wait.packs).toBe(packs.length);
    expect(await lab.objects("packs/")).toEqual(packs);
    lab.clock = 4 * DAY;
    expect((await gc()).report).toMatchObject({ totals: { doom: { packs: packs.length } } });
    expect(await lab.objects("packs/")).toEqual([]);
    expect((await figures()).trash).toBeGreaterThan(8 * BLOCK);
    lab.clock = 18 * DAY;
    expect((await gc()).purged).toBeLessThan(BLOCK);
    lab.clock = 20 * DAY;
    expect((await gc()).purged).toBeGreaterThan(8 * BLOCK);
    expect(await lab.objects("intents/")).toEqual([]);
  });

  test("that somebody reads is let go of by the first collection after that", async () => {
    const { id } = await lab.backUp(source);
    const reader = openRun(lab.made.path, { kind: "restore", roots: [id], at: Date.now() });
    expect(await remove(id)).toMatchObject([{ id, readBy: { pid: process.pid } }]);
    expect(await gc()).toMatchObject({ roots: [], read: [id] });
    expect(await lab.objects("roots/")).toEqual([`roots/${id}`]);
    reader.close();
    expect(await gc(true)).toMatchObject({ roots: [id], read: [] });
    expect(await lab.objects("roots/")).toEqual([`roots/${id}`]);
    expect(await gc()).toMatchObject({ roots: [id], read: [] });
    expect(await lab.objects("roots/")).toEqual([]);
  });

  test("takes nothing that another backup needs", async () => {
    const first = await lab.backUp(source);
    const second = await lab.backUp(source);
    await remove(first.id);
    for (const days of [2, 4, 6]) {
      lab.clock = days * DAY;
      await gc();
    }
    await restores(second.id, lab.read(source));
  });

  test("of several is one of them all, or none: an id that does not exist stops before the first", async () => {
    const { id } = await lab.backUp(source);
    await expect(remove(id, "nosuch")).rejects.toThrow("there is no backup nosuch");
    expect(await backupIds(await lab.open())).toEqual([id]);
  });
});

test("a dry run changes nothing at all", async () => {
  const { id } = await lab.backUp(source);
  await remove(id);
  lab.clock = 2 * DAY;
  const before = await lab.objects("");
  const { report } = await gc(true);
  expect(report.totals.condemn.packs).toBeGreaterThan(0);
  expect(report.decisions.every(({ reason }) => reason !== "")).toBe(true);
  expect(await lab.objects("")).toEqual(before);
});

test("a pack of which little is needed is emptied, goes, and every backup restores as before", async () => {
  const first = await lab.backUp(source);
  const bytes = diskOf(SIZE, { 0: 1, 8: 17 });
  lab.image("a.img", bytes);
  const second = await lab.backUp(source);
  await remove(first.id);
  lab.clock = 2 * DAY;
  await gc();
  expect((await compact(true)).candidates.length).toBeGreaterThan(0);
  const report = await compact();
  expect(report).toMatchObject({ emptied: expect.any(Number), mapEpoch: 1 });
  expect(report.emptied).toBeGreaterThan(0);
  await restores(second.id, bytes);
  for (const days of [4, 6, 8]) {
    lab.clock = days * DAY;
    await gc();
  }
  await restores(second.id, bytes);
  const { stored, live, dead } = await figures();
  expect(dead).toBeLessThan(BLOCK);
  expect(stored).toBeLessThan(4 * BLOCK);
  expect(live).toBeGreaterThan(BLOCK);
  expect(readdirSync(join(lab.made.path, "runs"))).toEqual([]);
});

test("collection waits for a reader that was there when packs were condemned", async () => {
  const { id } = await lab.backUp(source);
  await remove(id);
  const reader = openRun(lab.made.path, { kind: "restore", roots: [], at: Date.now() });
  lab.clock = 2 * DAY;
  await gc();
  lab.clock = 5 * DAY;
  expect((await gc()).report.totals.doom.packs).toBe(0);
  reader.close();
  expect((await gc()).report.totals.doom.packs).toBeGreaterThan(0);
});
