/**
 * DataPlane: the units of data work, wherever they run (a worker thread on one machine, the task's own Lambda on AWS).
 *
 * core/engine implements it; test/contracts/data-plane.ts is passed by the direct form and by the worker pool. Everything
 * that goes in or out is structured-cloneable plain data.
 */
import type { SnapshotRef, TargetRef } from "./blocks.ts";
import type { CollectAsk, CollectReport, CompactAsk, CompactReport, RepositoryRuns } from "./collection.ts";
import type { JsonObject } from "./record-store.ts";

/** The secret of a key domain (project, customer key, lock class): every key and id of its repository derives from it. */
export interface DomainKeys {
  readonly domainId: string;
  /** 32 bytes. Never logged, never stored unwrapped. */
  readonly secret: Uint8Array;
}

/** A run of leaves of one disk (a leaf is 1,024 blocks of 512 KiB = 512 MiB of disk). `endLeaf` is exclusive. */
export interface LeafRange {
  readonly firstLeaf: number;
  readonly endLeaf: number;
}

/** How a unit is watched and stopped. */
export interface UnitHooks {
  /** Bytes of disk worked through since the last call; at least once a second while work goes on. */
  readonly onProgress?: (bytes: number) => void;
  /** Aborted: the unit rejects with Interrupted soon (well under a second of work), nothing of it counts. */
  readonly signal?: AbortSignal;
}

export interface TransferUnit extends LeafRange {
  readonly domain: DomainKeys;
  readonly snapshot: SnapshotRef;
  /** Root to compare with (the disk's baseline); absent = store everything that is not zero. */
  readonly parentRoot?: string;
  /** Of the blocks that the source says are the same, one in so many is read all the same; 0 = none. Default 1,000. */
  readonly sampleOneIn?: number;
  /** zstd level: 1 on one machine, 3 on AWS. */
  readonly level: number;
  /** Stop at the first leaf boundary after this long; at least one leaf is done. */
  readonly budgetMs: number;
}

export interface TransferCounts {
  /** Bytes read from the source. */
  readonly read: number;
  /** Bytes of blocks that are not all zero (the last block counts its real length). */
  readonly nonZero: number;
  /** Bytes of non-zero blocks that differ from the parent's block at the same place (all non-zero ones without a parent). */
  readonly changed: number;
  /** Bytes written to packs. */
  readonly stored: number;
}

export interface TransferResult extends LeafRange {
  /** The range that was done: from the unit's firstLeaf to endLeaf, which is smaller than the unit's when time ran out. */
  readonly counts: TransferCounts;
  /** Leaf table and pack summary of the range, encoded for `seal`; at most 200 KiB. Opaque to everybody else. */
  readonly payload: Uint8Array;
}

export interface SealRequest {
  readonly domain: DomainKeys;
  /** Name of the root: the id of the (disk) backup. */
  readonly rootId: string;
  /** Bytes of the disk. */
  readonly size: number;
  /** Root that the units compared with, if there was one. */
  readonly parentRoot?: string;
  /** Who and when, so that the repository describes itself: backup, vault, resource, disk, instant, names. */
  readonly description: JsonObject;
  /** Payloads of the confirmed units in leaf order, covering the whole disk. */
  readonly results: readonly Uint8Array[];
}

/** What was counted in the root after it was written and read back. */
export interface RootFacts {
  readonly rootId: string;
  readonly size: number;
  readonly leaves: number;
  readonly nonZero: number;
  /** Bytes that this run's own packs hold for it. */
  readonly stored: number;
  readonly description: JsonObject;
}

export interface RestoreUnit extends LeafRange {
  readonly domain: DomainKeys;
  readonly rootId: string;
  readonly target: TargetRef;
  /** Read every restored block back from the target and compare its id. */
  readonly readBack: boolean;
  readonly budgetMs: number;
}

export interface RestoreResult extends LeafRange {
  readonly written: number;
  readonly zeroed: number;
  readonly readBack: number;
}

export interface CompareUnit extends LeafRange {
  readonly domain: DomainKeys;
  readonly rootId: string;
  /** What must hold the same bytes as the root. */
  readonly source: SnapshotRef;
  readonly budgetMs: number;
}

export interface CompareResult extends LeafRange {
  /** Bytes found equal, zeros included. */
  readonly equal: number;
}

export interface VerifyUnit extends LeafRange {
  readonly domain: DomainKeys;
  readonly rootId: string;
  /** `presence`: packs and leaves exist and authenticate; `data`: every block decoded and hashed. */
  readonly depth: "presence" | "data";
  /** A root whose blocks were just looked at: what is the same at the same place is not decoded again, only counted. */
  readonly since?: string;
  readonly budgetMs: number;
}

export interface VerifyResult extends LeafRange {
  readonly checked: number;
  /** Objects found damaged, each once, with the first reason. */
  readonly damaged: readonly { readonly object: string; readonly reason: string }[];
}

export interface DataPlane {
  /** @throws SourceChanged, ChangeListWrong, StoreFull, StoreFailed, Interrupted */
  transfer(unit: TransferUnit, hooks?: UnitHooks): Promise<TransferResult>;
  /**
   * Packs that a result refers to and that are avoided now (condemned or quarantined since its unit looked), relocations
   * resolved; asked after the result was published. Empty = it may be confirmed (docs/developer/collection.md, "Writers").
   */
  avoided(domain: DomainKeys, payload: Uint8Array): Promise<readonly string[]>;
  /** From now on no new backup refers to these packs: what they hold is read from the source again. @throws StoreFailed */
  quarantine(domain: DomainKeys, packs: readonly string[], now: number): Promise<void>;
  /**
   * Writes the root, reads it back, and checks that every pack it refers to exists with its size and is not avoided, and that
   * every pack of this run is the one that was written (header, directory, footer). Idempotent. @throws SealRefused, StoreFull, StoreFailed
   */
  seal(request: SealRequest): Promise<RootFacts>;
  /** Opens a root. @throws Damaged, ObjectMissing */
  root(domain: DomainKeys, rootId: string): Promise<RootFacts>;
  /**
   * Positional difference d(from, to) in bytes: non-zero blocks of `to` that differ from `from` at the same place; without
   * `from`, all non-zero blocks of `to`. @throws Damaged
   */
  difference(domain: DomainKeys, from: string | undefined, to: string): Promise<number>;
  /** Every block's id is checked before it is written. @throws Damaged, TargetUnusable, Interrupted */
  restore(unit: RestoreUnit, hooks?: UnitHooks): Promise<RestoreResult>;
  /** Compares every block of the source with the root's id of it. @throws Damaged, SourceDiffers, SourceChanged, Interrupted */
  compare(unit: CompareUnit, hooks?: UnitHooks): Promise<CompareResult>;
  /**
   * Opens what belongs to the repository as a whole (map, avoid-set, hooks). A damaged map hurts every backup of which frames
   * were moved; the others hurt none. Damage is a result. @throws StoreFailed
   */
  inspect(domain: DomainKeys): Promise<VerifyResult["damaged"]>;
  /** Damage is a result, not an exception. */
  verify(unit: VerifyUnit, hooks?: UnitHooks): Promise<VerifyResult>;
  /** One step of a collection (docs/developer/collection.md). @throws what `runs` throws, Damaged, DoomedButReferred, StoreFull, StoreFailed */
  collect(domain: DomainKeys, runs: RepositoryRuns, ask: CollectAsk): Promise<CollectReport>;
  /** Empties packs that are mostly dead. @throws what `runs` throws, Damaged, StoreFull, StoreFailed */
  compact(domain: DomainKeys, runs: RepositoryRuns, ask: CompactAsk): Promise<CompactReport>;
}

/** A block that the source's change list left out has changed: nothing that was taken from the list can be believed. */
export class ChangeListWrong extends Error {
  override readonly name = "ChangeListWrong";
}
/** The root would not be true: a range is missing, a pack is gone, truncated or not the one that was written. */
export class SealRefused extends Error {
  override readonly name = "SealRefused";
}
/** An object is not what was written; wrong bytes are never handed out. */
export class Damaged extends Error {
  override readonly name = "Damaged";
  readonly object: string;
  constructor(object: string, reason: string) {
    super(`${object}: ${reason}`);
    this.object = object;
  }
}
/** The source does not hold what the root says; the message names the first block. */
export class SourceDiffers extends Error {
  override readonly name = "SourceDiffers";
}
/** The unit was stopped from outside; nothing of it counts. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}
