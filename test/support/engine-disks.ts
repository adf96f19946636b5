/** Small disks, domains and whole backups for tests of the engine. */
import { createHash } from "node:crypto";
import type { BlockHint, BlockSource, SnapshotRef } from "../../core/ports/blocks.ts";
import type { DataPlane, DomainKeys, RootFacts, TransferCounts } from "../../core/ports/data-plane.ts";

export const BLOCK = 512 * 1024;
export const LEAF = 1024 * BLOCK;

/** A domain whose secret is a test's own. */
export function testDomain(seed = 1): DomainKeys {
  return { domainId: `domain-${seed}`, secret: createHash("sha256").update(`secret ${seed}`).digest() };
}

/** Deterministic bytes; `entropy` false makes them compress well. */
export function pattern(length: number, seed: number, entropy = true): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed * 2654435761 + 1) >>> 0;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = entropy ? state >>> 24 : ((at >> 10) + seed) & 0xff;
  }
  return bytes;
}

/** A disk of `size` zeros with these blocks (block index → seed; odd seeds do not compress). */
export function diskOf(size: number, blocks: Readonly<Record<number, number>>): Uint8Array {
  const disk = new Uint8Array(size);
  for (const [index, seed] of Object.entries(blocks)) {
    const at = Number(index) * BLOCK;
    if (at < size) disk.set(pattern(Math.min(BLOCK, size - at), seed, seed % 2 === 1), at);
  }
  return disk;
}

/** Transfers the whole disk, as many units as it takes, and seals it. */
export async function backUp(
  plane: DataPlane,
  domain: DomainKeys,
  snapshot: SnapshotRef,
  rootId: string,
  options: {
    readonly parentRoot?: string;
    readonly leavesPerUnit?: number;
    readonly level?: number;
    readonly sampleOneIn?: number;
  } = {},
): Promise<{ readonly facts: RootFacts; readonly counts: TransferCounts; readonly results: readonly Uint8Array[] }> {
  const { parentRoot } = options;
  const leaves = Math.ceil(snapshot.size / LEAF);
  const results: Uint8Array[] = [];
  const counts = { read: 0, nonZero: 0, changed: 0, stored: 0 };
  for (let firstLeaf = 0; firstLeaf < leaves; ) {
    const endLeaf = Math.min(leaves, firstLeaf + (options.leavesPerUnit ?? leaves));
    const unit = {
      domain,
      snapshot,
      firstLeaf,
      endLeaf,
      level: options.level ?? 1,
      budgetMs: 60_000,
      sampleOneIn: options.sampleOneIn ?? 0,
    };
    const result = await plane.transfer(parentRoot === undefined ? unit : { ...unit, parentRoot });
    results.push(result.payload);
    for (const key of ["read", "nonZero", "changed", "stored"] as const) counts[key] += result.counts[key];
    firstLeaf = result.endLeaf;
  }
  const description = { backup: rootId, disk: snapshot.diskId };
  const facts = await plane.seal({
    domain,
    rootId,
    size: snapshot.size,
    ...(parentRoot !== undefined && { parentRoot }),
    description,
    results,
  });
  return { facts, counts, results };
}

const HINTS: Readonly<Record<string, BlockHint>> = { d: "data", z: "zero", s: "same" };

/**
 * The same capture, of which the source knows something: a letter a block, d(ata), z(ero) or s(ame). Plain data, so that
 * it reaches sources in other threads. `since` names the earlier capture that `s` speaks of.
 */
export function withHints(snapshot: SnapshotRef, hints: string, since?: string): SnapshotRef {
  const hinted = { ...snapshot, detail: { ...snapshot.detail, hints } };
  return since === undefined ? hinted : { ...hinted, since: { snapshotId: since } };
}

/** What a source of a snapshot with hints tells; nothing at all without. */
export function surveyOf(snapshot: SnapshotRef): Pick<BlockSource, "survey"> {
  const { hints } = snapshot.detail;
  if (typeof hints !== "string") return {};
  return {
    survey: async (first, count) => [...hints.slice(first, first + count)].map((letter) => HINTS[letter] ?? "data"),
  };
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
