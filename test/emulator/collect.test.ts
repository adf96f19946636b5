/** Do collections on AWS take what nobody needs, and nothing else: in the bucket, by the real machine, functions and clock? */
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { MIB, type Piece } from "../e2e/scenarios/content.ts";
import { type CollectWorld, collectWorld, DAY, MINUTE, type Point, type Protected } from "./collect-world.ts";
import { makeDue } from "./faults-records.ts";
import { until } from "./faults-until.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

/** 3 MiB that do not compress, the same place each time. */
const other = (seed: number): readonly Piece[] => [{ offset: MIB, length: 3 * MIB, seed }];

// The clock of functions is moved, and a guest writes to its disk: both need the emulator.
describe.skipIf(inject("aws").kind !== "emulators")("collections on emulated AWS", () => {
  let world: CollectWorld;
  beforeAll(async () => {
    world = await collectWorld();
  });
  afterAll(() => world?.end());

  /** Three points of a disk; the one in the middle is deleted, and with it goes what only it has. */
  async function threePoints(seed: number): Promise<{ what: Protected; kept: readonly Point[]; gone: Point }> {
    const what = await world.protect(other(seed));
    const first = await world.backUp(what);
    const gone = await world.backUp(what, other(seed + 1));
    const last = await world.backUp(what, other(seed + 2));
    expect(gone.packs.length).toBeGreaterThan(0);
    await world.drop(gone);
    return { what, kept: [first, last], gone };
  }

  const packs = () => world.objects("packs");

  test("packs of a deleted backup get a delete marker a day after nobody refers to them; every other point restores", async () => {
    const { what, kept, gone } = await threePoints(100);
    const before = (await packs()).shown;

    // They are young, then condemned, then wait for a day.
    expect(await world.collect()).toMatchObject({ outcome: "done", totals: { condemn: { packs: 0 } } });
    expect((await world.objects("roots")).hidden).toContain(gone.id);
    world.ahead += DAY;
    expect(await world.collect()).toMatchObject({ totals: { condemn: { packs: gone.packs.length } }, trashed: 0 });
    expect(await world.collect()).toMatchObject({ totals: { wait: { packs: gone.packs.length } }, trashed: 0 });
    expect((await packs()).shown).toEqual(before);

    world.ahead += DAY;
    expect(await world.collect()).toMatchObject({ outcome: "done", totals: { doom: { packs: gone.packs.length } } });
    const { shown, hidden } = await packs();
    expect(hidden).toEqual([...gone.packs].sort());
    expect(shown).toEqual(before.filter((pack) => !gone.packs.includes(pack)));
    // The version is still there: 14 days long it can be had back.
    for (const pack of gone.packs) expect(await world.hiddenBytes("packs", pack)).toBeGreaterThan(0);
    expect((await world.objects("avoid")).shown.length).toBeLessThanOrEqual(2);
    for (const point of kept) await world.expectRestores(what, point);
  });

  test("two collections started at once do no harm: both end, what is garbage is gone, all else restores", async () => {
    const { what, kept, gone } = await threePoints(200);
    world.ahead += DAY;
    await world.collect();
    world.ahead += DAY;
    const both = await Promise.all([world.start(), world.start()]);
    for (const execution of both) await world.ended(execution);
    expect((await packs()).hidden).toEqual(expect.arrayContaining([...gone.packs]));
    for (const point of kept) await world.expectRestores(what, point);
  });

  test("a collector whose lease ran out can do nothing any more", async () => {
    const first = await world.task("plan", { name: "first" });
    expect(first).toMatchObject({ go: true });
    expect(await world.task("plan", { name: "second" })).toMatchObject({ go: false });
    world.ahead += 31 * MINUTE;
    const second = await world.task("plan", { name: "second" });
    expect(second).toMatchObject({ go: true });
    expect(second.fence).toBeGreaterThan(first.fence as number);
    const late = { name: "first", fence: first.fence, round: 0 };
    await expect(world.task("trash", { ...late, cursor: "" })).rejects.toMatchObject({ name: "LeaseLost" });
    await expect(world.task("move", late)).rejects.toMatchObject({ name: "LeaseLost" });
    await world.task("finish", { name: "second", fence: second.fence });
  });

  test("a collector that dies between verdict and deletion: the next one deletes, once the dead one's lease has run out", async () => {
    const { what, kept, gone } = await threePoints(300);
    world.ahead += DAY;
    await world.collect();
    world.ahead += DAY;
    expect(await world.task("plan", { name: "dies" })).toMatchObject({ go: true });
    expect((await packs()).shown).toEqual(expect.arrayContaining([...gone.packs]));
    // Somebody else's lease: this one goes at once.
    await world.collect();
    expect((await packs()).shown).toEqual(expect.arrayContaining([...gone.packs]));
    world.ahead += 31 * MINUTE;
    expect(await world.collect()).toMatchObject({ outcome: "done" });
    expect((await packs()).hidden).toEqual(expect.arrayContaining([...gone.packs]));
    for (const point of kept) await world.expectRestores(what, point);
  });

  test("a pack that is mostly dead is emptied and goes; its backup restores before and after, and backups go on", async () => {
    const what = await world.protect([{ offset: 0, length: 12 * MIB, seed: 400 }]);
    const full = await world.backUp(what);
    const changed = await world.backUp(what, [{ offset: 0, length: 11 * MIB, seed: 401 }]);
    await world.drop(full);
    // All of it but 1 MiB is dead; that one moves.
    const collected = await world.collect();
    expect(collected).toMatchObject({ outcome: "done" });
    expect(collected?.emptied).toBeGreaterThanOrEqual(1);
    expect((await world.objects("maps")).shown.length).toBeGreaterThan(0);
    await world.expectRestores(what, changed);

    for (let day = 0; day < 3; day++) {
      world.ahead += DAY;
      await world.collect();
    }
    const { hidden } = await packs();
    expect(full.packs.length).toBeGreaterThan(0);
    expect(hidden).toEqual(expect.arrayContaining([...full.packs]));
    await world.expectRestores(what, changed);
    // Its parent's blocks are found where they are now.
    const next = await world.backUp(what, [{ offset: 11 * MIB + 5_000, length: 4_096, seed: 402 }]);
    await world.expectRestores(what, next);
  });

  test("an object that cannot be read ends the collection with a reason and deletes nothing; the next one is sound again", async () => {
    const before = (await packs()).shown;
    const junk = { Bucket: world.Bucket, Key: `${world.domain}/roots/00000000-0000-4000-8000-000000000000` };
    await world.s3.send(new PutObjectCommand({ ...junk, Body: "not a root" }));
    world.ahead += DAY;
    const failed = await world.collect();
    expect(failed).toMatchObject({ outcome: "failed", reason: expect.stringContaining("roots/00000000") });
    expect((await packs()).shown).toEqual(before);
    await world.s3.send(new DeleteObjectCommand(junk));
    expect(await world.collect()).toMatchObject({ outcome: "done" });
  });

  test("the tick starts the day's collection", async () => {
    const named = `collect-${world.domain}-`;
    expect((await world.executions()).filter((execution) => execution.startsWith(named))).toEqual([]);
    await makeDue(world.records, world.domain);
    await world.tick();
    const [execution = ""] = await until("the day's collection", async () => {
      const found = (await world.executions()).filter((one) => one.startsWith(named));
      return found.length > 0 ? found : undefined;
    });
    expect(await world.ended(execution)).toMatchObject({ outcome: "done" });
    // And tomorrow's is promised.
    await makeDue(world.records, world.domain);
  });
});
