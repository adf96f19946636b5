/** What does a transfer store, refer to and report, whatever became of disk, parent and store meanwhile? */
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import { PACK_TARGET_BYTES, PAYLOAD_MAX_BYTES } from "../../core/engine/numbers.ts";
import { RecentBlocks } from "../../core/engine/recent-blocks.ts";
import type { DataPlane } from "../../core/ports/data-plane.ts";
import { StoreFailed } from "../../core/ports/object-store.ts";
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

const packs = () => [...objects.objects.keys()].filter((name) => name.includes("/packs/"));

async function restored(rootId: string, size: number): Promise<string> {
  // Old data only on small targets: a gigabyte of it would really take memory.
  const [fill, mode] = size < 64 * BLOCK ? ([0xaa, "overwrite"] as const) : ([0, "fresh"] as const);
  const bytes = fill === 0 ? new Uint8Array(size) : new Uint8Array(size).fill(fill);
  const target = blocks.target("t", bytes, mode);
  const endLeaf = Math.ceil(size / LEAF);
  await plane.restore({ domain, rootId, target, firstLeaf: 0, endLeaf, budgetMs: 60_000, readBack: true });
  return sha256(blocks.targets.get("t")?.bytes ?? new Uint8Array());
}

describe("what is stored", () => {
  it("is nothing for a disk of zeros: no pack, and a root that restores to zeros", async () => {
    const { counts } = await backUp(plane, domain, blocks.snapshot("z", new Uint8Array(5 * BLOCK)), "z");
    expect(counts).toEqual({ read: 5 * BLOCK, nonZero: 0, changed: 0, stored: 0 });
    expect(packs()).toEqual([]);
    expect(await restored("z", 5 * BLOCK)).toBe(sha256(new Uint8Array(5 * BLOCK)));
  });

  it("is each block once within a unit, however often it occurs", async () => {
    const disk = diskOf(8 * BLOCK, { 0: 1, 2: 1, 3: 1, 7: 1 });
    const { counts } = await backUp(plane, domain, blocks.snapshot("a", disk), "a");
    expect(counts).toMatchObject({ nonZero: 4 * BLOCK, changed: 4 * BLOCK });
    expect(counts.stored).toBeLessThan(BLOCK + 4096);
    expect(await restored("a", disk.length)).toBe(sha256(disk));
  });

  it("fills packs across leaves, and closes them at their target size", async () => {
    const spread = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [index * 30, 2 * index + 1]));
    const disk = diskOf(LEAF + 600 * BLOCK, spread);
    const { facts } = await backUp(plane, domain, blocks.snapshot("a", disk), "a");
    const sizes = packs().map((name) => objects.objects.get(name)?.length ?? 0);
    expect(sizes).toHaveLength(2);
    expect(Math.max(...sizes)).toBeGreaterThan(PACK_TARGET_BYTES);
    expect(Math.max(...sizes)).toBeLessThan(PACK_TARGET_BYTES + 2 * BLOCK);
    expect(facts).toMatchObject({ leaves: 2, nonZero: 50 * BLOCK });
    expect(await restored("a", disk.length)).toBe(sha256(disk));
  });

  it("is only the changed leaf when another one is as it was", async () => {
    const before = { 0: 1, 1024: 2, 1025: 3 };
    const size = LEAF + 4 * BLOCK;
    await backUp(plane, domain, blocks.snapshot("a", diskOf(size, before)), "a");
    const disk = diskOf(size, { ...before, 1025: 0 });
    const { counts } = await backUp(plane, domain, blocks.snapshot("b", disk), "b", { parentRoot: "a" });
    expect(counts).toMatchObject({ changed: BLOCK, nonZero: 3 * BLOCK });
    expect(await restored("b", size)).toBe(sha256(disk));
  });

  it("is nothing when blocks only became zero, but the leaf tells it", async () => {
    const size = 4 * BLOCK;
    await backUp(plane, domain, blocks.snapshot("a", diskOf(size, { 0: 1, 1: 3 })), "a");
    const disk = diskOf(size, { 0: 1 });
    const { counts, facts } = await backUp(plane, domain, blocks.snapshot("b", disk), "b", { parentRoot: "a" });
    expect(counts.changed).toBe(0);
    expect(counts.stored).toBeLessThan(1024);
    expect(facts.nonZero).toBe(BLOCK);
    expect(await restored("b", size)).toBe(sha256(disk));
  });
});

describe("a disk whose size changed", () => {
  const ragged = 3 * BLOCK + 1024;
  it.each([
    ["grew within its last block", 3 * BLOCK + 8192],
    ["grew by blocks", 9 * BLOCK + 512],
    ["grew by a leaf", LEAF + BLOCK],
    ["shrank within its last block", 3 * BLOCK + 512],
    ["shrank by blocks", 2 * BLOCK],
    ["shrank to a piece of its first block", 512],
  ])("is compared with its parent where both have blocks: it %s", async (_how, size) => {
    const content = { 0: 1, 1: 2, 3: 5 };
    await backUp(plane, domain, blocks.snapshot("a", diskOf(ragged, content)), "a");
    const disk = diskOf(size, content);
    const { counts } = await backUp(plane, domain, blocks.snapshot("b", disk), "b", { parentRoot: "a" });
    let changed = 0;
    for (const index of [0, 1, 3]) {
      const lengthIn = (total: number) => Math.max(0, Math.min(BLOCK, total - index * BLOCK));
      if (lengthIn(size) !== lengthIn(ragged)) changed += lengthIn(size);
    }
    expect(counts.changed).toBe(changed);
    expect(await plane.difference(domain, "a", "b")).toBe(changed);
    expect(await restored("b", size)).toBe(sha256(disk));
  });
});

describe("a damaged parent", () => {
  const disk = diskOf(4 * BLOCK, { 0: 1, 1: 3 });

  it.each(["pack is gone", "root is gone", "root is damaged"])("is mended by the next backup: its %s", async (how) => {
    await backUp(plane, domain, blocks.snapshot("a", disk), "a");
    const root = `${domain.domainId}/roots/a`;
    if (how === "pack is gone") objects.objects.delete(packs()[0] ?? "");
    if (how === "root is gone") objects.objects.delete(root);
    if (how === "root is damaged") objects.objects.set(root, new Uint8Array(100));
    const { counts } = await backUp(plane, domain, blocks.snapshot("b", disk), "b", { parentRoot: "a" });
    expect(counts.stored).toBeGreaterThan(2 * BLOCK);
    expect(await restored("b", disk.length)).toBe(sha256(disk));
  });

  it("is not a parent that the store fails to give: that is an error, not a full backup", async () => {
    await backUp(plane, domain, blocks.snapshot("a", disk), "a");
    objects.before = (operation) => {
      if (operation === "get") throw new StoreFailed("broken, says the test");
    };
    const unit = { domain, snapshot: blocks.snapshot("b", disk), parentRoot: "a", firstLeaf: 0, endLeaf: 1 };
    await expect(plane.transfer({ ...unit, level: 1, budgetMs: 1 })).rejects.toBeInstanceOf(StoreFailed);
  });
});

describe("a unit", () => {
  it("ends at the first leaf boundary after its budget, and another one goes on there", async () => {
    const disk = diskOf(2 * LEAF + BLOCK, { 0: 1, 1024: 3, 2048: 5 });
    let clock = 0;
    const ticking = createDataPlane({ objects, blocks, monotonic: () => (clock += 1) });
    const unit = { domain, snapshot: blocks.snapshot("a", disk), level: 1, endLeaf: 3 };
    const results: Uint8Array[] = [];
    for (let firstLeaf = 0; firstLeaf < 3; ) {
      const result = await ticking.transfer({ ...unit, firstLeaf, budgetMs: 10 });
      expect(result.endLeaf).toBe(firstLeaf + 1);
      results.push(result.payload);
      firstLeaf = result.endLeaf;
    }
    await plane.seal({ domain, rootId: "a", size: disk.length, description: {}, results });
    expect(await restored("a", disk.length)).toBe(sha256(disk));
  });

  it.each([
    ["an empty range", { firstLeaf: 0, endLeaf: 0 }],
    ["a range beyond the disk", { firstLeaf: 0, endLeaf: 2 }],
    ["a negative leaf", { firstLeaf: -1, endLeaf: 1 }],
    ["a fraction", { firstLeaf: 0.5, endLeaf: 1 }],
  ])("of %s is refused", async (_what, range) => {
    const snapshot = blocks.snapshot("a", diskOf(BLOCK, { 0: 1 }));
    await expect(plane.transfer({ domain, snapshot, level: 1, budgetMs: 1, ...range })).rejects.toBeInstanceOf(
      RangeError,
    );
    expect(blocks.openSources).toBe(0);
  });

  it("closes its source and lets no error of an overlapped put go by", async () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [index, 2 * index + 1]));
    let puts = 0;
    objects.before = async (operation) => {
      if (operation !== "put") return;
      puts += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (puts === 1) throw new StoreFailed("broken, says the test");
    };
    const unit = { domain, snapshot: blocks.snapshot("a", diskOf(40 * BLOCK, many)), firstLeaf: 0, endLeaf: 1 };
    await expect(plane.transfer({ ...unit, level: 1, budgetMs: 60_000 })).rejects.toBeInstanceOf(StoreFailed);
    expect(blocks.openSources).toBe(0);
  });

  it("takes its own put for done when the store says that it exists with the same bytes", async () => {
    const put = objects.putIfAbsent.bind(objects);
    objects.putIfAbsent = async (name, bytes) => {
      await put(name, bytes);
      return "exists";
    };
    const disk = diskOf(BLOCK, { 0: 1 });
    await backUp(plane, domain, blocks.snapshot("a", disk), "a");
    expect(await restored("a", disk.length)).toBe(sha256(disk));
    objects.putIfAbsent = async () => {
      objects.get = async () => new Uint8Array(9);
      return "exists";
    };
    const unit = { domain, snapshot: blocks.snapshot("b", disk), firstLeaf: 0, endLeaf: 1, level: 1, budgetMs: 1 };
    await expect(plane.transfer(unit)).rejects.toBeInstanceOf(StoreFailed);
  });

  it("has a result far below its limit for an ordinary disk", async () => {
    const { results } = await backUp(plane, domain, blocks.snapshot("a", diskOf(4 * BLOCK, { 0: 1 })), "a");
    expect(results[0]?.length).toBeLessThan(PAYLOAD_MAX_BYTES / 100);
  });
});

it("any history of a small disk restores to each of its states, and stores only what changed", async () => {
  const state = fc.dictionary(fc.constantFrom("0", "1", "2", "3", "4"), fc.integer({ min: 1, max: 4 }), { maxKeys: 5 });
  const size = fc.constantFrom(BLOCK, 3 * BLOCK + 512, 5 * BLOCK - 1024);
  const history = fc.array(fc.record({ state, size }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(history, async (versions) => {
      objects = createMemoryObjects();
      plane = createDataPlane({ objects, blocks });
      const disks = versions.map((version) => diskOf(version.size, version.state));
      for (const [index, disk] of disks.entries()) {
        const parent = index === 0 ? {} : { parentRoot: `r${index - 1}` };
        await backUp(plane, domain, blocks.snapshot(`s${index}`, disk), `r${index}`, parent);
      }
      for (const [index, disk] of disks.entries()) {
        expect(await restored(`r${index}`, disk.length)).toBe(sha256(disk));
        const older = disks[index - 1];
        const expected = distance(older ?? new Uint8Array(0), disk);
        expect(await plane.difference(domain, older && `r${index - 1}`, `r${index}`)).toBe(expected);
        expect(await plane.difference(domain, undefined, `r${index}`)).toBe(distance(new Uint8Array(0), disk));
      }
    }),
    { numRuns: 25 },
  );
});

/** Bytes of blocks of `to` that are not all zero and not the bytes of `from` there. */
function distance(from: Uint8Array, to: Uint8Array): number {
  let bytes = 0;
  for (let at = 0; at < to.length; at += BLOCK) {
    const block = Buffer.from(to.subarray(at, at + BLOCK));
    const before = Buffer.from(from.subarray(at, at + BLOCK));
    if (!block.equals(Buffer.alloc(block.length)) && !block.equals(before)) bytes += block.length;
  }
  return bytes;
}

it("the memory of recent blocks is bounded and forgets the oldest", () => {
  const recent = new RecentBlocks(2);
  const place = (frame: number) => [{ pack: "p", frame, offset: 0, stored: 1, codec: 0, holds: 255, uses: 255 }];
  const id = (value: number) => Buffer.alloc(32, value);
  for (const value of [1, 2, 3]) recent.add(id(value), place(value));
  expect(recent.find(id(1))).toBeUndefined();
  expect(recent.find(id(2))).toEqual(place(2));
  expect(recent.find(id(3))).toEqual(place(3));
});
