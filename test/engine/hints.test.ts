/** Does a transfer that believes what the source knows of its blocks make the same root as one that reads everything? */
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import { openDomain } from "../../core/engine/domain-crypto.ts";
import { blocksOfLeaf } from "../../core/engine/geometry.ts";
import { PackReader } from "../../core/engine/pack-reader.ts";
import type { FramePlace } from "../../core/engine/places.ts";
import { repositoryObjects } from "../../core/engine/repository-objects.ts";
import { readRoot } from "../../core/engine/root-store.ts";
import type { SnapshotRef } from "../../core/ports/blocks.ts";
import type { DataPlane, TransferCounts } from "../../core/ports/data-plane.ts";
import { BLOCK, backUp, diskOf, LEAF, sha256, testDomain, withHints } from "../support/engine-disks.ts";
import { createMemoryBlocks, type MemoryBlocks } from "../support/memory-blocks.ts";
import { createMemoryObjects, type MemoryObjects } from "../support/memory-objects.ts";

const domain = testDomain();
let objects: MemoryObjects;
let blocks: MemoryBlocks;
let plane: DataPlane;
/** What was read of sources since the last `backUp`. */
let reads: { readonly offset: number; readonly length: number }[];

beforeEach(fresh);

function fresh(): void {
  objects = createMemoryObjects();
  blocks = createMemoryBlocks();
  plane = createDataPlane({ objects, blocks });
  reads = [];
  blocks.beforeRead = (offset, length) => {
    reads.push({ offset, length });
  };
}

async function restored(rootId: string, size: number): Promise<string> {
  const target = blocks.target("t", new Uint8Array(size), "fresh");
  const endLeaf = Math.ceil(size / LEAF);
  await plane.restore({ domain, rootId, target, firstLeaf: 0, endLeaf, budgetMs: 60_000, readBack: false });
  return sha256(blocks.targets.get("t")?.bytes ?? new Uint8Array());
}

/** Every leaf of a root with its entries. */
async function leavesOf(rootId: string) {
  const crypto = await openDomain(domain);
  const repository = repositoryObjects(objects, domain.domainId);
  const root = await readRoot(repository, crypto, rootId);
  const reader = new PackReader(repository, crypto);
  return Promise.all(
    root.leaves.map(async (ref, leaf) => ({
      ref,
      slots: ref && (await reader.leaf(ref, blocksOfLeaf(root.size, leaf))),
    })),
  );
}

/** What a root holds, as far as two transfers can agree: ids, and the places of what is not newly stored. */
async function contentOf(rootId: string, newly: (pack: string) => boolean) {
  const known = ({ pack, frame }: FramePlace) => (newly(pack) ? "new" : `${pack}/${frame}`);
  return (await leavesOf(rootId)).map(({ ref, slots }) => ({
    leaf: ref && (newly(ref.place.pack) ? "new" : ref.id.toString("hex")),
    nonZero: ref?.nonZero,
    slots: slots?.map((slot) => slot && `${slot.id.toString("hex")} ${slot.places.map(known).join(" ")}`),
  }));
}

/** Flips one bit of the frame of the root's first leaf. */
async function damageLeaf(rootId: string): Promise<void> {
  const place = (await leavesOf(rootId))[0]?.ref?.place;
  if (place === undefined) return;
  const name = `${domain.domainId}/packs/${place.pack}`;
  const bytes = Uint8Array.from(objects.objects.get(name) as Uint8Array);
  bytes[place.offset] = (bytes[place.offset] ?? 0) ^ 1;
  objects.objects.set(name, bytes);
}

const packs = () => [...objects.objects.keys()].filter((name) => name.includes("/packs/"));

function lose(names: readonly string[]): void {
  for (const name of names) objects.objects.delete(name);
}

/** What became of the parent before the next backup; `older` are the packs of the backup before it. */
const FATES = {
  sound: async () => undefined,
  "leaf damaged": () => damageLeaf("parent"),
  "older pack gone": async (older: readonly string[]) => lose(older),
  "newer packs gone": async (older: readonly string[]) => lose(packs().filter((name) => !older.includes(name))),
  "all packs gone": async () => lose(packs()),
  "root gone": async () => lose([`${domain.domainId}/roots/parent`]),
} as const;

/** Hints that are true of `now`: `wish` says, block for block, how much the source knows (0 nothing to 2 all it can). */
function truth(now: Uint8Array, before: Uint8Array | undefined, wish: readonly number[]): string {
  let hints = "";
  for (let at = 0, index = 0; at < now.length; at += BLOCK, index++) {
    const block = Buffer.from(now.subarray(at, at + BLOCK));
    const old = Buffer.from(before?.subarray(at, at + BLOCK) ?? []);
    const zero = block.equals(Buffer.alloc(block.length));
    // Beyond the old end, and where the last block had another length, a source may call zeros the same, too.
    const both = Math.min(old.length, block.length);
    const tail = block.subarray(both);
    const same =
      before !== undefined &&
      block.subarray(0, both).equals(old.subarray(0, both)) &&
      tail.equals(Buffer.alloc(tail.length));
    const known = [...(zero ? ["z"] : []), ...(same ? ["s"] : [])];
    hints += wish[index] === 0 ? "d" : (known[((wish[index] ?? 0) - 1) % Math.max(1, known.length)] ?? "d");
  }
  return hints;
}

describe("truthful hints", () => {
  it("change what is read, and nothing of what is backed up, whatever the parent is and what became of it", {
    timeout: 120_000,
  }, async () => {
    const blocksOf = (least: number, most: number) =>
      fc.dictionary(fc.constantFrom("0", "1", "2", "3", "4"), fc.integer({ min: 1, max: 4 }), {
        minKeys: least,
        maxKeys: most,
      });
    const size = fc.constantFrom(BLOCK, 3 * BLOCK + 512, 5 * BLOCK - 1024, 5 * BLOCK);
    const first = fc.record({ content: blocksOf(1, 5), size });
    const wish = fc.array(fc.constantFrom(0, 1, 2, 2), { minLength: 5, maxLength: 5 });
    const fate = fc.constantFrom(undefined, ...(Object.keys(FATES) as (keyof typeof FATES)[]));
    // Mostly the very disk of the parent, or that of another size: then blocks really are the same.
    const now = fc.record({ changes: blocksOf(0, 2), size: fc.option(size, { nil: undefined, freq: 1 }) });
    await fc.assert(
      fc.asyncProperty(first, blocksOf(0, 2), now, wish, fate, async (grand, second, last, wishes, became) => {
        fresh();
        const content = { ...grand.content, ...second };
        const before = diskOf(grand.size, content);
        const disk = diskOf(last.size ?? grand.size, { ...content, ...last.changes });
        if (became !== undefined) {
          await backUp(plane, domain, blocks.snapshot("g", diskOf(grand.size, grand.content)), "grand");
          const older = packs();
          await backUp(plane, domain, blocks.snapshot("p", before), "parent", { parentRoot: "grand" });
          await FATES[became](older);
        }
        const standing = new Set(packs().map((name) => name.split("/").at(-1)));
        const newly = (pack: string) => !standing.has(pack);
        const options = became === undefined ? {} : { parentRoot: "parent" };
        const plain = blocks.snapshot("n", disk);
        const read = await backUp(plane, domain, plain, "read", options);
        reads = [];
        const hints = truth(disk, became && before, wishes);
        const told = await backUp(plane, domain, withHints(plain, hints, "p"), "told", options);
        expect(counted(told.counts)).toEqual(counted(read.counts));
        expect(told.counts.read).toBe(reads.reduce((sum, { length }) => sum + length, 0));
        for (const [at, { offset }] of reads.entries()) expect(offset).toBeGreaterThan(reads[at - 1]?.offset ?? -1);
        expect(await contentOf("told", newly)).toEqual(await contentOf("read", newly));
        for (const rootId of ["told", "read"]) expect(await restored(rootId, disk.length)).toBe(sha256(disk));
        expect(await plane.verify({ ...whole, rootId: "told", depth: "data" })).toMatchObject({ damaged: [] });
      }),
      { numRuns: 60 },
    );
  });
});

const whole = { domain, firstLeaf: 0, endLeaf: 1, budgetMs: 60_000 };

function counted({ nonZero, changed }: TransferCounts) {
  return { nonZero, changed };
}

describe("blocks that are said to be the same", () => {
  const content = { 0: 1, 1: 3, 3: 5, 5: 2 };
  const disk = diskOf(6 * BLOCK, content);
  const all = "ssssss";

  /** A parent whose newest leaf is in another pack than most of its blocks. */
  async function parent(): Promise<readonly string[]> {
    await backUp(plane, domain, blocks.snapshot("g", diskOf(6 * BLOCK, { ...content, 5: 4 })), "grand");
    const older = packs();
    await backUp(plane, domain, blocks.snapshot("p", disk), "parent", { parentRoot: "grand" });
    reads = [];
    return older;
  }

  const again = (snapshot: SnapshotRef) => backUp(plane, domain, snapshot, "b", { parentRoot: "parent" });

  it.each(["leaf damaged", "newer packs gone", "all packs gone", "root gone"] as const)(
    "are all read when nothing of the parent can be known, and the backup is whole again: %s",
    async (became) => {
      await FATES[became](await parent());
      const { counts } = await again(withHints(blocks.snapshot("n", disk), all, "p"));
      expect(counts).toMatchObject({ read: disk.length, nonZero: 4 * BLOCK, changed: 4 * BLOCK });
      expect(await restored("b", disk.length)).toBe(sha256(disk));
    },
  );

  it("are read where the parent's pack is gone, and taken where it is there", async () => {
    await FATES["older pack gone"](await parent());
    const { counts } = await again(withHints(blocks.snapshot("n", disk), all, "p"));
    // Blocks 0, 1 and 3 were in the older pack; the parent's leaf says that 2 and 4 are zero, and where 5 is.
    expect(counts).toMatchObject({ read: 3 * BLOCK, nonZero: 4 * BLOCK, changed: 0 });
    expect(reads.map(({ offset }) => offset / BLOCK)).toEqual([0, 3]);
    expect(await restored("b", disk.length)).toBe(sha256(disk));
  });

  it.each([
    ["without a capture to be the same as", (snapshot: SnapshotRef) => withHints(snapshot, all)],
    ["of which nothing is said", (snapshot: SnapshotRef) => snapshot],
  ])("are read %s", async (_what, told) => {
    await parent();
    expect((await again(told(blocks.snapshot("n", disk)))).counts).toMatchObject({ read: disk.length, changed: 0 });
  });

  it("are read without a parent", async () => {
    const { counts } = await backUp(plane, domain, withHints(blocks.snapshot("n", disk), all, "p"), "b");
    expect(counts.read).toBe(disk.length);
  });

  it("are read beyond the parent's end, and where its last block had another length", async () => {
    await backUp(plane, domain, blocks.snapshot("p", diskOf(2 * BLOCK + 512, { 0: 1 })), "parent");
    reads = [];
    const grown = diskOf(4 * BLOCK, { 0: 1 });
    const { counts } = await again(withHints(blocks.snapshot("n", grown), "ssss", "p"));
    expect(counts).toMatchObject({ read: 2 * BLOCK, nonZero: BLOCK, changed: 0 });
    expect(reads).toEqual([{ offset: 2 * BLOCK, length: 2 * BLOCK }]);
  });

  it("are read where the last block became shorter, and where it became longer", async () => {
    await backUp(plane, domain, blocks.snapshot("p", diskOf(3 * BLOCK - 512, { ...content, 2: 1 })), "parent");
    for (const [rootId, size] of Object.entries({ shorter: 3 * BLOCK - 1024, longer: 3 * BLOCK })) {
      const now = diskOf(size, { ...content, 2: 1 });
      const snapshot = withHints(blocks.snapshot("n", now), "sss", "p");
      const { counts } = await backUp(plane, domain, snapshot, rootId, { parentRoot: "parent" });
      expect(counts.changed).toBe(size - 2 * BLOCK);
      expect(await restored(rootId, size)).toBe(sha256(now));
    }
  });

  it("are taken leaf by leaf: a damaged leaf does not cost the reading of the others", async () => {
    const size = 2 * LEAF + 3 * BLOCK;
    const large = diskOf(size, { 0: 1, 1024: 2, 2049: 3 });
    await backUp(plane, domain, blocks.snapshot("p", large), "parent", { leavesPerUnit: 1 });
    await damageLeaf("parent");
    reads = [];
    const snapshot = withHints(blocks.snapshot("n", large), "s".repeat(2051), "p");
    const { counts } = await again(snapshot);
    expect(counts).toMatchObject({ read: LEAF, nonZero: 3 * BLOCK, changed: BLOCK });
    const [before, after] = [await leavesOf("parent").catch(() => []), await leavesOf("b")];
    expect(before).toEqual([]);
    expect(after.map(({ ref }) => ref?.nonZero)).toEqual([BLOCK, BLOCK, BLOCK]);
    expect(await plane.verify({ ...whole, endLeaf: 3, rootId: "b", depth: "data" })).toMatchObject({ damaged: [] });
  });
});

describe("a source that fetches ahead", () => {
  it("is asked about each leaf before it is read, and gets the blocks it was told to expect in ascending order", async () => {
    const size = LEAF + 6 * BLOCK;
    const disk = diskOf(size, { 0: 1, 1: 2, 2: 3, 5: 4, 1024: 6, 1029: 8 });
    const told = `dddzzd${"z".repeat(1018)}dzzzzd`;
    const asked: { readonly first: number; readonly count: number }[] = [];
    /** Blocks under way, in the order in which they arrive. */
    let ahead: number[] = [];
    const fetching = createDataPlane({
      objects,
      blocks: {
        ...blocks,
        async openSource(snapshot) {
          const source = await blocks.openSource(snapshot);
          return {
            ...source,
            async survey(first, count) {
              expect(ahead).toEqual([]);
              asked.push({ first, count });
              const hints = (await source.survey?.(first, count)) ?? [];
              ahead = hints.flatMap((hint, index) => (hint === "data" ? [first + index] : []));
              return hints;
            },
            read(offset, into) {
              for (let at = 0; at < into.length; at += BLOCK) expect(ahead.shift()).toBe((offset + at) / BLOCK);
              return source.read(offset, into);
            },
          };
        },
      },
    });
    const { counts } = await backUp(fetching, domain, withHints(blocks.snapshot("a", disk), told), "a");
    expect(counts).toMatchObject({ read: 6 * BLOCK, nonZero: 6 * BLOCK });
    expect(asked).toEqual([
      { first: 0, count: 1024 },
      { first: 1024, count: 6 },
    ]);
    expect(reads.map(({ offset, length }) => [offset / BLOCK, length / BLOCK])).toEqual([
      [0, 3],
      [5, 1],
      [1024, 1],
      [1029, 1],
    ]);
    expect(ahead).toEqual([]);
  });

  it("is refused when it speaks of another number of blocks, and closed", async () => {
    const snapshot = withHints(blocks.snapshot("a", diskOf(3 * BLOCK, { 0: 1 })), "dz");
    await expect(plane.transfer({ ...whole, snapshot, level: 1 })).rejects.toThrow("asked about 3 blocks");
    expect(blocks.openSources).toBe(0);
  });
});
