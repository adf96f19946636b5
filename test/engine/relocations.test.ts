/** Do all backups stay what they were when the frames that they name are moved, once and again, and the old packs deleted? */
import { beforeEach, describe, expect, it } from "vitest";
import { mapName, readRelocations } from "../../core/engine/relocations.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { rewrite, SUB_BLOCK, type Versions, versions } from "./versions.ts";

const SMALL = 6 * 1024;
let repo: Versions;
let disk: Uint8Array;

/** Three backups of one disk, with patches upon patches. */
beforeEach(async () => {
  repo = await versions();
  disk = diskOf(4 * BLOCK + 512, { 0: 1, 1: 3, 2: 4, 3: 5, 4: 7 });
  await repo.save("a", disk);
  rewrite(disk, 0, 1, 9);
  rewrite(disk, 1, 255, 11);
  await repo.save("b", disk, { parentRoot: "a" });
  rewrite(disk, 0, 6, 13);
  rewrite(disk, 2, 128, 15);
  await repo.save("c", disk, { parentRoot: "b" });
});

const packsOf = (rootId: string) =>
  repo.entries(rootId).then((all) => new Set(all.flatMap((slot) => slot?.places.map(({ pack }) => pack) ?? [])));

async function sound(...rootIds: readonly string[]): Promise<void> {
  for (const rootId of rootIds) {
    expect(await repo.restored(rootId), rootId).toBe("right");
    expect(await repo.damaged(rootId), rootId).toEqual([]);
    expect(await repo.damaged(rootId, "presence"), rootId).toEqual([]);
  }
}

/** Moves every live frame, and lets the old packs go. */
async function move(): Promise<void> {
  const before = new Set(repo.names("packs/"));
  const report = await repo.compact(1.01);
  expect(report.emptied).toBe(before.size);
  await repo.collectAll();
  for (const name of repo.names("packs/")) expect(before).not.toContain(name);
  expect(await repo.plane.inspect(repo.domain)).toEqual([]);
}

describe("after every frame has moved and the old packs are deleted", () => {
  it("all backups restore and verify; so they do after it was done again, and again", async () => {
    for (let round = 1; round <= 3; round++) {
      await move();
      await sound("a", "b", "c");
      const map = await readRelocations(repo.inside, repo.crypto);
      expect(map.epoch).toBe(round);
      // No chain: every place that the map gives is in a pack that is there.
      for (const frames of map.moved.values())
        for (const { pack } of frames.values()) expect(repo.names("packs/")).toContain(`packs/${pack}`);
    }
  });

  it("a new backup stores what changed and nothing else; one that changed nothing stores nothing", async () => {
    await move();
    const same = await repo.save("d", disk, { parentRoot: "c" });
    expect(same.counts).toMatchObject({ changed: 0, stored: 0 });
    rewrite(disk, 3, 255, 17);
    const { counts } = await repo.save("e", disk, { parentRoot: "d" });
    expect(counts.changed).toBe(BLOCK);
    expect(counts.stored).toBeLessThan(BLOCK + SMALL);
    await move();
    await sound("a", "b", "c", "d", "e");
  });

  it("blocks are patched where they are now, and those patches move on", async () => {
    await move();
    rewrite(disk, 0, 128, 17);
    const { counts } = await repo.save("d", disk, { parentRoot: "c" });
    expect(counts.stored).toBeLessThan(SUB_BLOCK + SMALL);
    expect((await repo.entries("d"))[0]?.places).toHaveLength(4);
    await move();
    rewrite(disk, 3, 1, 19);
    await repo.save("e", disk, { parentRoot: "d", hints: "dssds" });
    await move();
    await sound("a", "b", "c", "d", "e");
  });

  it("another disk of the same bytes still finds them through the hooks", async () => {
    const big = diskOf(40 * BLOCK, Object.fromEntries(Array.from({ length: 40 }, (_, n) => [n, 2 * n + 100])));
    const first = await repo.save("other", big);
    await move();
    const { counts } = await repo.save("clone", big);
    expect(counts.stored).toBeLessThan(first.counts.stored / 2);
    await move();
    await sound("other", "clone");
  });

  it("backups that were deleted take their frames with them, and the rest stays", async () => {
    const drop = async (root: string): Promise<void> => {
      await repo.inside.putIfAbsent(`intents/${root}`, Buffer.from("{}"));
      await repo.inside.trash(`roots/${root}`);
    };
    await drop("a");
    await move();
    await drop("b");
    await repo.compact(1.01);
    await repo.collectAll();
    await sound("c");
    expect(await repo.restored("a")).toMatchObject({ name: "ObjectMissing" });
  });
});

it("a backup that began before a move and ends after it is sound: it goes on naming the old places", async () => {
  rewrite(disk, 3, 1, 17);
  const snapshot = repo.capture("d", disk);
  const run = repo.runs.begin("backup", ["c"]);
  const unit = { domain: repo.domain, snapshot, firstLeaf: 0, endLeaf: 1, level: 1, budgetMs: 60_000 };
  const { payload } = await repo.plane.transfer({ ...unit, parentRoot: "c" });
  repo.runs.publish(run, payload);
  await repo.compact(1.01);
  expect(await repo.plane.avoided(repo.domain, payload)).toEqual([]);
  const request = { domain: repo.domain, size: disk.length, description: { backup: "d" }, results: [payload] };
  await repo.plane.seal({ ...request, rootId: "d", parentRoot: "c" });
  repo.runs.end(run);
  await repo.collectAll();
  await sound("a", "b", "c", "d");
});

describe("with a map that cannot be read", () => {
  beforeEach(async () => {
    await move();
    repo.flip(mapName(1), 70);
  });

  it("verification names it and the backups that it hurts, restore gives no wrong bytes, and the next backup repairs", async () => {
    for (const rootId of ["a", "b", "c"]) {
      // The old packs are missing as they should be: they are no damage of their own.
      expect(await repo.damaged(rootId)).toEqual([mapName(1)]);
      expect(await repo.damaged(rootId, "presence")).toEqual([mapName(1)]);
      expect(await repo.restored(rootId)).toMatchObject({ name: "Damaged", object: mapName(1) });
    }
    expect((await repo.plane.inspect(repo.domain)).map(({ object }) => object)).toEqual([mapName(1)]);
    const { counts } = await repo.save("d", disk, { parentRoot: "c", hints: "sssss" });
    expect(counts.read).toBe(disk.length);
    expect(await repo.restored("d")).toBe("right");
    expect(await repo.damaged("d")).toEqual([mapName(1)]);
  });

  it("or that is an older one under the newest name, nothing wrong is handed out either", async () => {
    repo.flip(mapName(1), 70);
    await repo.compact(1.01);
    repo.put(mapName(2), repo.bytes(mapName(1)));
    expect((await repo.plane.inspect(repo.domain)).map(({ object }) => object)).toEqual([mapName(2)]);
    expect(await repo.restored("a")).toMatchObject({ name: "Damaged", object: mapName(2) });
  });

  it("compaction and collection leave everything alone", async () => {
    const before = repo.names("packs/");
    expect(await repo.compact(1.01)).toMatchObject({ emptied: 0, held: expect.stringContaining("damaged") });
    await repo.collectAll();
    expect(repo.names("packs/")).toEqual(before);
    repo.flip(mapName(1), 70);
    await sound("a", "b", "c");
  });
});

it("the packs of a moved backup are new ones", async () => {
  const before = await packsOf("a");
  await move();
  for (const pack of await packsOf("a")) expect(before).not.toContain(pack);
});
