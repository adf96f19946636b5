/** Is a list of changes that leaves one out found, by reading a sample of what it does not name? */
import { beforeEach, describe, expect, it } from "vitest";
import { ChangeListWrong } from "../../core/ports/data-plane.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { rewrite, type Versions, versions } from "./versions.ts";

let repo: Versions;
let disk: Uint8Array;
let reads: number[];
beforeEach(async () => {
  repo = await versions();
  disk = diskOf(5 * BLOCK + 512, { 0: 1, 1: 3, 3: 5, 5: 7 });
  await repo.save("a", disk);
  reads = [];
  repo.blocks.beforeRead = (offset, length) => {
    for (let at = offset; at < offset + length; at += BLOCK) reads.push(at / BLOCK);
  };
});

describe("with every block sampled", () => {
  it.each([
    ["a block", 1, () => rewrite(disk, 1, 1, 9)],
    ["a block that was zero", 2, () => rewrite(disk, 2, 1, 9)],
    ["a block that is zero now", 3, () => disk.fill(0, 3 * BLOCK, 4 * BLOCK)],
    ["the short last block", 5, () => disk.fill(1, 5 * BLOCK, 5 * BLOCK + 1)],
  ])("a list that leaves out %s fails the unit and names it; nothing of it counts", async (_what, block, change) => {
    change();
    const error = await repo
      .save("b", disk, { parentRoot: "a", hints: "dsssss", sampleOneIn: 1 })
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ChangeListWrong);
    expect((error as Error).message).toMatch(new RegExp(`^block ${block} of disk `));
    expect(repo.names("roots/")).toEqual(["roots/a"]);
    expect(repo.blocks.openSources).toBe(0);
    // The backup that reads everything is right.
    await repo.save("b", disk, { parentRoot: "a" });
    expect(await repo.restored("b")).toBe("right");
  });

  it("a list that tells the truth stores what it names, and everything it does not name was read", async () => {
    rewrite(disk, 1, 1, 9);
    const { counts } = await repo.save("b", disk, { parentRoot: "a", hints: "sdsszs", sampleOneIn: 1 });
    expect(counts).toMatchObject({ changed: BLOCK });
    expect(reads).toEqual([0, 1, 2, 3, 5]);
    expect(await repo.restored("b")).toBe("right");
  });
});

it("with none sampled nothing but what the list names is read", async () => {
  rewrite(disk, 1, 1, 9);
  await repo.save("b", disk, { parentRoot: "a", hints: "sdssss", sampleOneIn: 0 });
  expect(reads).toEqual([1]);
  expect(await repo.restored("b")).toBe("right");
});

it("one in so many is sampled: about half with two, few with many", async () => {
  const read = async (sampleOneIn: number) => {
    reads = [];
    for (let round = 0; round < 20; round++) {
      await repo.save(`r${sampleOneIn}-${round}`, disk, { parentRoot: "a", hints: "ssssss", sampleOneIn });
    }
    return reads.length;
  };
  // 120 blocks by an even chance: outside of these once in 10^12.
  const half = await read(2);
  expect(half).toBeGreaterThan(20);
  expect(half).toBeLessThan(100);
  expect(await read(1_000_000)).toBeLessThan(3);
});

it("after the quarantine of a damaged pack the next incremental backup repairs, although the list says that nothing changed", async () => {
  const [name = ""] = repo.names("packs/");
  repo.flip(name, 1000);
  expect(await repo.damaged("a")).toEqual([name]);
  const unaware = await repo.save("b", disk, { parentRoot: "a", hints: "ssssss" });
  expect(unaware.counts).toMatchObject({ read: 0, stored: 0 });
  expect(await repo.damaged("b")).toEqual([name]);
  await repo.plane.quarantine(repo.domain, [name.slice("packs/".length)], repo.now());
  const { counts } = await repo.save("c", disk, { parentRoot: "b", hints: "ssssss", sampleOneIn: 1 });
  expect(counts.changed).toBe(0);
  expect(counts.stored).toBeGreaterThan(2 * BLOCK);
  expect(await repo.damaged("c")).toEqual([]);
  expect(await repo.restored("c")).toBe("right");
  repo.put(name, undefined);
  const after = await repo.save("d", disk, { parentRoot: "c", hints: "ssssss" });
  expect(after.counts).toMatchObject({ read: 0, stored: 0 });
  expect(await repo.restored("d")).toBe("right");
});
