/** Does a block that is stored as what changed in it come back as it was, at any of its states, and does it stay small? */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PackReader } from "../../core/engine/pack-reader.ts";
import { readBlocks } from "../../core/engine/read-blocks.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { bitsOf, rewrite, SUB_BLOCK, type Versions, versions } from "./versions.ts";

const SMALL = 6 * 1024;

/** Every entry is what docs/format.md allows, and within what this writer promises. */
async function checkEntries(repo: Versions, rootId: string): Promise<void> {
  for (const slot of await repo.entries(rootId)) {
    if (slot === undefined) continue;
    expect(slot.places.length).toBeLessThanOrEqual(4);
    expect(slot.places.reduce((sum, { holds }) => sum + bitsOf(holds), 0)).toBeLessThanOrEqual(16);
    expect(slot.places.reduce((sum, { uses }) => sum + bitsOf(uses), 0)).toBe(8);
    expect(slot.places.reduce((all, { uses }) => all | uses, 0)).toBe(255);
    for (const { holds, uses } of slot.places) expect(uses & ~holds).toBe(0);
  }
}

it("any sequence of small changes restores every version exactly, in entries that stay within their bounds", {
  timeout: 120_000,
}, async () => {
  const change = fc.record({
    block: fc.integer({ min: 0, max: 3 }),
    mask: fc.oneof(
      fc.integer({ min: 0, max: 7 }).map((bit) => 1 << bit),
      fc.integer({ min: 1, max: 255 }),
    ),
    seed: fc.integer({ min: 1, max: 6 }),
  });
  const version = fc.record({
    changes: fc.array(change, { minLength: 1, maxLength: 3 }),
    size: fc.constantFrom(3 * BLOCK + 512, 3 * BLOCK + 512, 2 * BLOCK + 70_000, 4 * BLOCK),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(version, { minLength: 8, maxLength: 10 }), async (history) => {
      const repo = await versions();
      let disk = diskOf(3 * BLOCK + 512, { 0: 1, 1: 2, 3: 4 });
      await repo.save("v0", disk);
      for (const [index, { changes, size }] of history.entries()) {
        const next = new Uint8Array(size);
        next.set(disk.subarray(0, Math.min(size, disk.length)));
        disk = next;
        for (const { block, mask, seed } of changes) rewrite(disk, block, mask, seed + index);
        await repo.save(`v${index + 1}`, disk, { parentRoot: `v${index}` });
      }
      for (let index = 0; index <= history.length; index++) {
        expect(await repo.restored(`v${index}`), `v${index}`).toBe("right");
        await checkEntries(repo, `v${index}`);
        expect(await repo.damaged(`v${index}`)).toEqual([]);
      }
    }),
    { numRuns: 6 },
  );
});

describe("what is stored", () => {
  const start = () => diskOf(3 * BLOCK + 512, { 0: 1, 1: 3, 2: 5, 3: 7 });

  it("for 4 KiB that changed is one sub-block", async () => {
    const repo = await versions();
    const disk = start();
    await repo.save("a", disk);
    disk.fill(9, BLOCK + 3 * SUB_BLOCK + 100, BLOCK + 3 * SUB_BLOCK + 100 + 4096);
    const { counts } = await repo.save("b", disk, { parentRoot: "a" });
    expect(counts.changed).toBe(BLOCK);
    expect(counts.stored).toBeLessThan(SUB_BLOCK + SMALL);
    const [, block] = await repo.entries("b");
    expect(block?.places.map(({ holds, uses }) => [holds, uses])).toEqual([
      [8, 8],
      [255, 247],
    ]);
    expect(await repo.restored("b")).toBe("right");
  });

  it("for a block that changed everywhere is the whole block, in one frame", async () => {
    const repo = await versions();
    const disk = start();
    await repo.save("a", disk);
    rewrite(disk, 1, 255, 11);
    await repo.save("b", disk, { parentRoot: "a" });
    expect((await repo.entries("b"))[1]?.places).toMatchObject([{ holds: 255, uses: 255 }]);
  });

  it("of one block over 24 versions never makes a fifth place, and is stored whole again before that", async () => {
    const repo = await versions();
    const disk = start();
    await repo.save("v0", disk);
    const shapes = new Set<number>();
    for (let version = 1; version <= 24; version++) {
      rewrite(disk, 0, 1 << (version % 7), version);
      await repo.save(`v${version}`, disk, { parentRoot: `v${version - 1}` });
      await checkEntries(repo, `v${version}`);
      shapes.add((await repo.entries(`v${version}`))[0]?.places.length ?? 0);
      expect(await repo.restored(`v${version}`)).toBe("right");
    }
    expect([...shapes].sort()).toEqual([1, 2, 3, 4]);
  });

  it("of a short last block is all of it, also when the disk grows until it is long or shrinks again", async () => {
    const repo = await versions();
    const disk = start();
    await repo.save("a", disk);
    disk[3 * BLOCK + 7] = 1;
    await repo.save("b", disk, { parentRoot: "a" });
    const grown = new Uint8Array(4 * BLOCK + 512);
    grown.set(disk);
    await repo.save("c", grown, { parentRoot: "b" });
    grown[3 * BLOCK + 9] = 2;
    await repo.save("d", grown, { parentRoot: "c" });
    await repo.save("e", grown.slice(0, 3 * BLOCK + 9 * 512), { parentRoot: "d" });
    const places = async (rootId: string) => (await repo.entries(rootId))[3]?.places.length;
    expect(await Promise.all(["a", "b", "c", "d", "e"].map(places))).toEqual([1, 1, 1, 2, 1]);
    for (const rootId of ["a", "b", "c", "d", "e"]) expect(await repo.restored(rootId), rootId).toBe("right");
  });

  it("of a block that another equals is that one's patch, and the next change patches it again", async () => {
    const repo = await versions();
    const disk = diskOf(3 * BLOCK, { 0: 1, 1: 1, 2: 1 });
    await repo.save("a", disk);
    for (const block of [0, 1, 2]) rewrite(disk, block, 4, 9);
    const { counts } = await repo.save("b", disk, { parentRoot: "a" });
    expect(counts.stored).toBeLessThan(SUB_BLOCK + SMALL);
    rewrite(disk, 1, 64, 13);
    const again = await repo.save("c", disk, { parentRoot: "b" });
    expect(again.counts.stored).toBeLessThan(SUB_BLOCK + SMALL);
    const entries = await repo.entries("c");
    expect(entries.map((slot) => slot?.places.length)).toEqual([2, 3, 2]);
    expect(entries[0]?.places).toEqual(entries[2]?.places);
    for (const rootId of ["a", "b", "c"]) expect(await repo.restored(rootId)).toBe("right");
  });

  it("is the whole block when the parent's bytes cannot be had: pack damaged, or gone", async () => {
    for (const how of ["damaged", "gone"] as const) {
      const repo = await versions();
      const disk = start();
      await repo.save("a", disk);
      rewrite(disk, 0, 1, 9);
      await repo.save("b", disk, { parentRoot: "a" });
      // The leaf of "b" is in its own pack; what its block 0 was patched from is in the pack of "a".
      const [first] = (await repo.entries("a"))[0]?.places ?? [];
      const name = `packs/${first?.pack}`;
      if (how === "gone") repo.put(name, undefined);
      else repo.flip(name, (first?.offset ?? 0) + 1000);
      rewrite(disk, 0, 2, 11);
      await repo.save("c", disk, { parentRoot: "b" });
      expect((await repo.entries("c"))[0]?.places).toMatchObject([{ holds: 255, uses: 255 }]);
      if (how === "gone") {
        expect(await repo.damaged("c")).toEqual([]);
        expect(await repo.restored("c")).toBe("right");
      } else expect(await repo.restored("b")).toMatchObject({ object: name });
    }
  });
});

it("a patched block that is not the one its entry says is damage of the pack of its first place", async () => {
  const repo = await versions();
  const disk = diskOf(2 * BLOCK, { 0: 1 });
  await repo.save("a", disk);
  rewrite(disk, 0, 4, 9);
  await repo.save("b", disk, { parentRoot: "a" });
  const [entry] = await repo.entries("b");
  const places = entry?.places ?? [];
  expect(new Set(places.map(({ pack }) => pack)).size).toBe(2);
  for (const order of [places, places.toReversed()]) {
    const reader = await PackReader.open(repo.inside, repo.crypto);
    const slots = [{ id: Buffer.alloc(32, 1), places: order }];
    const outcomes = [];
    for await (const outcome of readBlocks(reader, repo.crypto, slots, () => BLOCK)) outcomes.push(outcome);
    expect(outcomes).toMatchObject([{ blocks: [0], error: { name: "Damaged", object: `packs/${order[0]?.pack}` } }]);
  }
});
