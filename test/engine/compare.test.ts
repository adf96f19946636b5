/** What does comparing a source with a root read, and what does it believe? */
import { beforeEach, expect, it } from "vitest";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import { type DataPlane, SourceDiffers } from "../../core/ports/data-plane.ts";
import { BLOCK, backUp, diskOf, LEAF, testDomain, withHints } from "../support/engine-disks.ts";
import { createMemoryBlocks, type MemoryBlocks } from "../support/memory-blocks.ts";
import { createMemoryObjects, type MemoryObjects } from "../support/memory-objects.ts";

const domain = testDomain();
const SIZE = LEAF + 6 * BLOCK;
const disk = diskOf(SIZE, { 0: 1, 2: 3, 1025: 4, 1026: 5, 1029: 6 });
let objects: MemoryObjects;
let blocks: MemoryBlocks;
let plane: DataPlane;
let reads: number[][];

beforeEach(async () => {
  objects = createMemoryObjects();
  blocks = createMemoryBlocks();
  plane = createDataPlane({ objects, blocks });
  await backUp(plane, domain, blocks.snapshot("a", disk), "a");
  reads = [];
  blocks.beforeRead = (offset, length) => {
    reads.push([offset / BLOCK, length / BLOCK]);
  };
});

const unit = { domain, rootId: "a", firstLeaf: 0, endLeaf: 2, budgetMs: 60_000 };
const zeros = (blocksOf: string) => blocksOf + "z".repeat(1024 - blocksOf.length);

it("does not read what is zero on both sides, and reads the rest in ascending order", async () => {
  // Block 2 is said to be zero where the root has something, 1024 to be data where it has zeros: both are looked at.
  const source = withHints(blocks.snapshot("b", disk), `${zeros("dzz")}ddszzd`, "a");
  expect(await plane.compare({ ...unit, source })).toEqual({ firstLeaf: 0, endLeaf: 2, equal: SIZE });
  expect(reads).toEqual([
    [0, 1],
    [2, 1],
    [1024, 3],
    [1029, 1],
  ]);
});

it("does not believe that a block is the same: that was said of another capture, not of this root", async () => {
  const other = diskOf(SIZE, { 0: 1, 2: 3, 1025: 4, 1026: 7, 1029: 6 });
  const source = withHints(blocks.snapshot("b", other), `${zeros("dzs")}zsszzs`, "a");
  await expect(plane.compare({ ...unit, source })).rejects.toThrow(`block 1026, at byte offset ${1026 * BLOCK}`);
  expect(blocks.openSources).toBe(0);
});

it("reads the root and its leaves, and no block of the repository", async () => {
  const total = [...objects.objects.values()].reduce((sum, { length }) => sum + length, 0);
  const get = objects.get.bind(objects);
  let fetched = 0;
  objects.get = async (name, range) => {
    const bytes = await get(name, range);
    fetched += bytes.length;
    return bytes;
  };
  await plane.compare({ ...unit, source: blocks.snapshot("b", disk) });
  expect(total).toBeGreaterThan(2 * BLOCK);
  expect(fetched).toBeLessThan(8192);
});

it("finds a difference in any block, and none where there is none", async () => {
  const small = { 0: 1, 2: 3, 4: 2 };
  const before = diskOf(4 * BLOCK + 512, small);
  await backUp(plane, domain, blocks.snapshot("s", before), "s");
  for (const at of [0, BLOCK - 1, BLOCK, 2 * BLOCK + 77, 4 * BLOCK - 1, 4 * BLOCK + 511]) {
    const changed = Uint8Array.from(before);
    changed[at] = (changed[at] ?? 0) ^ 1;
    const comparing = plane.compare({ ...unit, rootId: "s", endLeaf: 1, source: blocks.snapshot("c", changed) });
    await expect(comparing).rejects.toBeInstanceOf(SourceDiffers);
    await expect(comparing).rejects.toThrow(`block ${Math.floor(at / BLOCK)},`);
  }
});

it("refuses a range that is not the root's", async () => {
  const source = blocks.snapshot("b", disk);
  await expect(plane.compare({ ...unit, endLeaf: 3, source })).rejects.toBeInstanceOf(RangeError);
});
