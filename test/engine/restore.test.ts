/** Does a restore write exactly what was backed up, wherever it is stopped and taken up again? */
import { beforeEach, expect, it } from "vitest";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import { Damaged, type DataPlane, Interrupted } from "../../core/ports/data-plane.ts";
import { BLOCK, backUp, diskOf, LEAF, sha256, testDomain } from "../support/engine-disks.ts";
import { createMemoryBlocks, type MemoryBlocks } from "../support/memory-blocks.ts";
import { createMemoryObjects, type MemoryObjects } from "../support/memory-objects.ts";

const domain = testDomain();
let objects: MemoryObjects;
let blocks: MemoryBlocks;
let plane: DataPlane;

beforeEach(() => {
  objects = createMemoryObjects();
  blocks = createMemoryBlocks();
  plane = createDataPlane({ objects, blocks });
});

const unit = { domain, rootId: "a", firstLeaf: 0, endLeaf: 1, budgetMs: 60_000, readBack: false };

it("of a fresh target writes no zero block: what is sparse stays sparse", async () => {
  const disk = diskOf(10 * BLOCK + 512, { 2: 1, 3: 1, 10: 3 });
  await backUp(plane, domain, blocks.snapshot("a", disk), "a");
  await plane.restore({ ...unit, target: blocks.target("t", new Uint8Array(disk.length), "fresh") });
  const target = blocks.targets.get("t");
  expect(target?.writes.map(({ offset }) => offset / BLOCK).sort((a, b) => a - b)).toEqual([2, 3, 10]);
  expect(target?.zeros).toEqual([]);
  expect(target?.synced).toBe(true);
  expect(target?.open).toBe(false);
});

it("over old data zeroes every block that is zero, in long runs, and nothing else", async () => {
  const disk = diskOf(10 * BLOCK + 512, { 2: 1, 3: 1, 9: 3 });
  await backUp(plane, domain, blocks.snapshot("a", disk), "a");
  await plane.restore({ ...unit, target: blocks.target("t", new Uint8Array(disk.length).fill(9), "overwrite") });
  expect(blocks.targets.get("t")?.zeros).toEqual([
    { offset: 0, length: 2 * BLOCK },
    { offset: 4 * BLOCK, length: 5 * BLOCK },
    { offset: 10 * BLOCK, length: 512 },
  ]);
  expect(sha256(blocks.targets.get("t")?.bytes ?? new Uint8Array())).toBe(sha256(disk));
});

it("goes on at any leaf, with units that end by budget, to the same bytes", async () => {
  const disk = diskOf(2 * LEAF + BLOCK, { 0: 1, 1023: 3, 1024: 5, 2048: 7 });
  await backUp(plane, domain, blocks.snapshot("a", disk), "a");
  const target = blocks.target("t", new Uint8Array(disk.length), "fresh");
  let clock = 0;
  const ticking = createDataPlane({ objects, blocks, monotonic: () => (clock += 1) });
  let readBack = 0;
  for (let firstLeaf = 0; firstLeaf < 3; ) {
    const result = await ticking.restore({ ...unit, target, firstLeaf, endLeaf: 3, budgetMs: 5, readBack: true });
    expect(result.endLeaf).toBe(firstLeaf + 1);
    readBack += result.readBack;
    firstLeaf = result.endLeaf;
  }
  expect(readBack).toBe(disk.length);
  expect(sha256(blocks.targets.get("t")?.bytes ?? new Uint8Array())).toBe(sha256(disk));
});

it("that was stopped half way leaves nothing wrong behind: done again it is complete", async () => {
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [index, 2 * index + 1]));
  const disk = diskOf(30 * BLOCK, many);
  await backUp(plane, domain, blocks.snapshot("a", disk), "a");
  const target = blocks.target("t", new Uint8Array(disk.length).fill(3), "overwrite");
  const controller = new AbortController();
  let clock = 0;
  const ticking = createDataPlane({ objects, blocks, monotonic: () => (clock += 100) });
  const hooks = { signal: controller.signal, onProgress: () => controller.abort() };
  await expect(ticking.restore({ ...unit, target }, hooks)).rejects.toBeInstanceOf(Interrupted);
  expect(blocks.targets.get("t")?.open).toBe(false);
  expect(blocks.targets.get("t")?.writes.length).toBeLessThan(30);
  await plane.restore({ ...unit, target });
  expect(sha256(blocks.targets.get("t")?.bytes ?? new Uint8Array())).toBe(sha256(disk));
});

it("notices a target that does not keep what it was given", async () => {
  const disk = diskOf(3 * BLOCK, { 0: 1 });
  await backUp(plane, domain, blocks.snapshot("a", disk), "a");
  const target = blocks.target("t", new Uint8Array(disk.length), "fresh");
  const honest = blocks.openTarget.bind(blocks);
  for (const [lostAt, what] of [
    [100, "a block"],
    [2 * BLOCK, "a hole"],
  ] as const) {
    blocks.openTarget = async (reference) => {
      const opened = await honest(reference);
      const bytes = blocks.targets.get("t")?.bytes ?? new Uint8Array();
      return {
        ...opened,
        async sync() {
          await opened.sync();
          bytes[lostAt] = (bytes[lostAt] ?? 0) ^ 1;
        },
      };
    };
    const restoring = plane.restore({ ...unit, target, readBack: true });
    await expect(restoring, what).rejects.toBeInstanceOf(Damaged);
    await expect(restoring, what).rejects.toMatchObject({ object: "disk t" });
    blocks.target("t", new Uint8Array(disk.length), "fresh");
  }
});

it("reads packs in large stretches, not frame by frame", async () => {
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [index, 2 * index + 2]));
  const disk = diskOf(200 * BLOCK, many);
  await backUp(plane, domain, blocks.snapshot("a", disk), "a");
  let gets = 0;
  objects.before = (operation) => {
    if (operation === "get") gets += 1;
  };
  await plane.restore({ ...unit, target: blocks.target("t", new Uint8Array(disk.length), "fresh") });
  // Root, header and leaf, the header once more for whoever decodes, and one stretch: 200 well compressed blocks are less than 2 MiB.
  expect(gets).toBe(5);
});
