/**
 * RestoreTargets: the disks that a restore writes to, from the first byte until they stand where the old ones stood.
 *
 * In place (one machine) there is nothing to make or to swap. Where a live disk cannot be written (EBS), a restore fills a
 * new disk beside it, which then takes its place. Every call is idempotent by the restore's id; those that wait answer
 * within four minutes, done or not. Each adapter passes test/contracts/restore-targets.ts.
 */
import type { SnapshotRef, TargetRef } from "./blocks.ts";
import type { Owner } from "./resource-provider.ts";

/** One restore and its targets, in the order of its disks. */
export interface Restoring {
  readonly restoreId: string;
  readonly owner: Owner;
  readonly targets: readonly TargetRef[];
}

/** A new disk that is to take a live one's place. */
export interface Replacement {
  /** The live disk. */
  readonly from: string;
  readonly to: string;
}

/** Something that restores left with the provider. */
export interface HeldTarget extends Owner {
  /** `undo`: a disk that was replaced, kept until `keepUntil`. */
  readonly kind: "snapshot" | "disk" | "undo";
  readonly id: string;
  readonly restoreId: string;
  /** Epoch milliseconds. */
  readonly madeAt: number;
  /** Epoch milliseconds; of an `undo` only. */
  readonly keepUntil?: number;
}

export interface RestoreTargets {
  /** Makes what is written to. @returns the targets as BlockAccess.openTarget takes them @throws TargetUnusable */
  prepare(restoring: Restoring): Promise<readonly TargetRef[]>;
  /**
   * All bytes are written: makes them one readable state. `nonZero` counts the bytes of non-zero blocks, per target.
   * @returns with `done`, what to compare with the backup: a source for each `writeOnly` target, in their order
   */
  finish(
    restoring: Restoring & { readonly nonZero: readonly number[] },
  ): Promise<{ readonly done: boolean; readonly readBack: readonly SnapshotRef[] }>;
  /** Makes the disks that are to take the places of the live ones; none in place. Nothing live has changed yet. */
  replacements(
    restoring: Restoring,
  ): Promise<{ readonly done: boolean; readonly replacements: readonly Replacement[] }>;
  /** Puts them in place; stops the server for it, and starts it afterwards when it ran and `powerOn` is set (RST-10). */
  swap(
    restoring: Restoring & { readonly replacements: readonly Replacement[]; readonly powerOn: boolean },
  ): Promise<{ readonly done: boolean }>;
  /** Which of them stand in place now, also after a swap that failed half-way. */
  inPlace(restoring: Restoring & { readonly replacements: readonly Replacement[] }): Promise<readonly Replacement[]>;
  /** Frees what the restore made and that is not in place. */
  abandon(restoring: Restoring): Promise<void>;
  /** Everything that restores still hold. */
  held(): AsyncIterable<HeldTarget>;
  /** Frees one of them; one that is in use by then stays. */
  discard(held: HeldTarget): Promise<void>;
}
