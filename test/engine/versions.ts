/** A repository in memory and the disks that were saved to it, for tests that look at what became of each version. */
import { collect } from "../../core/engine/collect/collect.ts";
import { compact } from "../../core/engine/collect/move.ts";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import { openDomain } from "../../core/engine/domain-crypto.ts";
import { blocksOfLeaf } from "../../core/engine/geometry.ts";
import type { Slot } from "../../core/engine/leaf.ts";
import { PackReader } from "../../core/engine/pack-reader.ts";
import { repositoryObjects } from "../../core/engine/repository-objects.ts";
import { readRoot } from "../../core/engine/root-store.ts";
import type { CompactReport } from "../../core/ports/collection.ts";
import type { ObjectStore } from "../../core/ports/object-store.ts";
import { createMemoryRuns } from "../collect/memory-runs.ts";
import { BLOCK, backUp, LEAF, pattern, testDomain, withHints } from "../support/engine-disks.ts";
import { createMemoryBlocks } from "../support/memory-blocks.ts";
import { createMemoryObjects, type MemoryObjects } from "../support/memory-objects.ts";

export const SUB_BLOCK = 65_536;
const DAY = 25 * 3600 * 1000;

export interface SaveOptions {
  readonly parentRoot?: string;
  readonly sampleOneIn?: number;
  readonly level?: number;
  /** A letter a block, of the parent's capture (`withHints`). */
  readonly hints?: string;
}

export type Versions = Awaited<ReturnType<typeof versions>>;

/** `store`: where the objects are; default in memory. */
export async function versions(store?: ObjectStore) {
  const memory: MemoryObjects = createMemoryObjects();
  const objects = store ?? memory;
  const blocks = createMemoryBlocks();
  const plane = createDataPlane({ objects, blocks });
  const domain = testDomain();
  const crypto = await openDomain(domain);
  const inside = repositoryObjects(objects, domain.domainId);
  const runs = createMemoryRuns();
  const contents = new Map<string, Uint8Array>();
  let now = 1_800_000_000_000;
  const inMemory = (name: string) => `${domain.domainId}/${name}`;
  const range = (rootId: string) => ({
    firstLeaf: 0,
    endLeaf: Math.ceil((contents.get(rootId)?.length ?? 0) / LEAF),
    budgetMs: 60_000,
  });
  return {
    memory,
    blocks,
    plane,
    domain,
    crypto,
    inside,
    runs,
    contents,
    now: () => now,
    /** The capture of a disk that is kept as it is now. */
    capture(rootId: string, disk: Uint8Array, { hints, parentRoot }: SaveOptions = {}) {
      contents.set(rootId, disk.slice());
      const snapshot = blocks.snapshot(rootId, contents.get(rootId) as Uint8Array);
      return hints === undefined ? snapshot : withHints(snapshot, hints, parentRoot);
    },
    save(rootId: string, disk: Uint8Array, options: SaveOptions = {}) {
      const { hints: _told, ...rest } = options;
      return backUp(plane, domain, this.capture(rootId, disk, options), rootId, rest);
    },
    /** What a restore over old data gives: "right", "WRONG", or why it was refused. */
    async restored(rootId: string): Promise<unknown> {
      const disk = contents.get(rootId) ?? new Uint8Array(0);
      const target = blocks.target("t", new Uint8Array(disk.length).fill(0xa5), "overwrite");
      const unit = { domain, rootId, target, readBack: false, ...range(rootId) };
      return plane.restore(unit).then(
        () => (Buffer.from(blocks.targets.get("t")?.bytes ?? []).equals(disk) ? "right" : "WRONG"),
        (error: unknown) => error,
      );
    },
    /** Names of the objects that a verification of this backup finds damaged. */
    async damaged(rootId: string, depth: "presence" | "data" = "data"): Promise<readonly string[]> {
      const { damaged } = await plane.verify({ domain, rootId, depth, ...range(rootId) });
      return damaged.map(({ object }) => object);
    },
    /** The entries of every leaf, in disk order, where the map says that they are. */
    async entries(rootId: string): Promise<readonly Slot[]> {
      const root = await readRoot(inside, crypto, rootId);
      const reader = await PackReader.open(inside, crypto);
      const leaves = await Promise.all(
        root.leaves.map(async (ref, leaf) => {
          const count = blocksOfLeaf(root.size, leaf);
          return ref === undefined ? new Array<Slot>(count).fill(undefined) : reader.leaf(ref, count);
        }),
      );
      return leaves.flat().map((slot) => slot && { id: slot.id, places: slot.places.map((place) => reader.at(place)) });
    },
    /** Names inside the repository, of objects in memory. */
    names: (kind: string) =>
      [...memory.objects.keys()]
        .map((name) => name.slice(domain.domainId.length + 1))
        .filter((n) => n.startsWith(kind)),
    bytes: (name: string) => memory.objects.get(inMemory(name)) as Uint8Array,
    put(name: string, bytes: Uint8Array | undefined) {
      if (bytes === undefined) memory.objects.delete(inMemory(name));
      else memory.objects.set(inMemory(name), bytes);
    },
    flip(name: string, at: number) {
      const bytes = Uint8Array.from(memory.objects.get(inMemory(name)) as Uint8Array);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      memory.objects.set(inMemory(name), bytes);
    },
    compact: (below: number): Promise<CompactReport> =>
      compact(inside, domain, runs, { now, budgetBytes: 2 ** 32, below }),
    /** Decides and trashes, a day later each time, until nothing is garbage any more. */
    async collectAll() {
      for (let day = 0; day < 4; day++) {
        await collect(inside, domain, runs, { step: "decide", now });
        await collect(inside, domain, runs, { step: "trash", now });
        now += DAY;
      }
    },
  };
}

/** Writes sub-blocks of a block anew, bit i of the mask for sub-block i; even seeds compress. */
export function rewrite(disk: Uint8Array, block: number, mask: number, seed: number): void {
  for (let sub = 0; sub < 8; sub++) {
    const at = block * BLOCK + sub * SUB_BLOCK;
    const length = Math.min(SUB_BLOCK, disk.length - at);
    if ((mask & (1 << sub)) !== 0 && length > 0) disk.set(pattern(length, seed * 8 + sub, seed % 2 === 1), at);
  }
}

export function bitsOf(mask: number): number {
  return [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (mask & (1 << bit)) !== 0).length;
}
