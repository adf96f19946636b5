/** When is a vault full, when does it grow, and when are people told (CAP-11..16, CAP-25)? */
import { GIB } from "./values.ts";
import { MAX_GB } from "./vault-rules.ts";

/** What people were told already. `full` also says that the vault was full before: then it does not grow (CAP-15). */
export interface CapacityMarks {
  readonly above: boolean;
  readonly full: boolean;
}

/** A vault as far as its capacity goes. */
export interface Capacity {
  /** GB. */
  readonly size: number;
  /** Percent. */
  readonly threshold: number;
  readonly autoExpand: boolean;
  readonly marks: CapacityMarks;
}

/** What follows from how much is used now. */
export interface CapacityVerdict {
  /** GB; larger than before when the vault grows. */
  readonly size: number;
  readonly marks: CapacityMarks;
  /** The threshold was crossed since people were last told. */
  readonly crossed: boolean;
  /** It became full, and did not grow. */
  readonly filled: boolean;
}

/** CAP-13: a quarter more, rounded up to GB: 100, 125, 157. */
const GROWTH = 1.25;

const isFull = (gb: number, usedBytes: number): boolean => usedBytes >= gb * GIB;
const isAbove = (gb: number, threshold: number, usedBytes: number): boolean =>
  usedBytes >= (gb * GIB * threshold) / 100;

/** As often a quarter more as it takes to have room again; never beyond the largest size (CAP-16). `usedBytes`: bytes. */
export function grownSize(gb: number, usedBytes: number): number {
  let size = gb;
  while (isFull(size, usedBytes) && size < MAX_GB) size = Math.min(MAX_GB, Math.ceil(size * GROWTH));
  return size;
}

/** Judges a vault after something was stored in it. `usedBytes`: bytes. */
export function judgeCapacity(vault: Capacity, usedBytes: number): CapacityVerdict {
  const grows = vault.autoExpand && !vault.marks.full;
  const size = grows ? grownSize(vault.size, usedBytes) : vault.size;
  const marks = { above: isAbove(size, vault.threshold, usedBytes), full: isFull(size, usedBytes) };
  return {
    size,
    marks,
    crossed: marks.above && !vault.marks.above,
    filled: marks.full && !vault.marks.full,
  };
}

/** The marks once space was freed, or the vault was made larger by hand: they go off here, never on. */
export const easedMarks = ({ size, threshold, marks }: Capacity, usedBytes: number): CapacityMarks => ({
  above: marks.above && isAbove(size, threshold, usedBytes),
  full: marks.full && isFull(size, usedBytes),
});
