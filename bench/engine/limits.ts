/**
 * How long does each operation take at least on this machine, when every step runs at the rate that was measured for it?
 *
 * All steps share the same two cores, so their times add up (L_sum). The disk works beside them: where it alone would take
 * longer, that is the limit. Start-up, metadata, waiting and fsync are not in it: they are what F shows.
 */
import type { Rates } from "./calibrate.ts";
import { round } from "./measure.ts";
import type { Workload } from "./workload.ts";

/** The operations that F is made of. */
export const LIMITED = ["full", "incremental", "incremental-list", "restore", "verify"] as const;
export type Limited = (typeof LIMITED)[number];

/** Seconds of each operation; bytes and rates as counted and measured. */
export function limitsOf(work: Workload, rate: Rates): Readonly<Record<Limited, number>> {
  const seconds = (bytes: number, step: keyof Rates): number => bytes / 1e9 / rate[step];
  /** Decoding the old bytes of changed blocks, then packing what changed in them. */
  const delta =
    seconds(work.parentPacked, "read") +
    seconds(work.parentPacked, "decrypt") +
    seconds(work.parent, "unzstd") +
    seconds(work.delta, "zstd") +
    seconds(work.deltaPacked, "encrypt");
  /** Frames of v2: whole blocks, and for patched ones the changed sub-blocks as well. */
  const packed2 = work.packed2 + work.deltaPacked;
  /** Everything stored once v2 is there. */
  const packed = work.packed1 + work.deltaPacked;
  const cpu = {
    full:
      seconds(work.size, "read") +
      seconds(work.size - work.nonZero1, "zero") +
      seconds(work.nonZero1, "hash") +
      seconds(work.distinct1, "zstd") +
      seconds(work.packed1, "encrypt"),
    incremental:
      seconds(work.size, "read") + seconds(work.size - work.nonZero2, "zero") + seconds(work.nonZero2, "hash") + delta,
    "incremental-list":
      seconds(work.listed, "read") +
      seconds(work.listed - work.listedNonZero, "zero") +
      seconds(work.listedNonZero, "hash") +
      delta,
    restore:
      seconds(packed2, "read") +
      seconds(packed2, "decrypt") +
      seconds(work.distinct2 + work.delta, "unzstd") +
      seconds(work.distinct2, "hash") +
      seconds(work.nonZero2, "copy"),
    verify:
      seconds(packed, "read") +
      seconds(packed, "decrypt") +
      seconds(work.distinct1 + work.delta, "unzstd") +
      seconds(work.distinct1 + work.listedNonZero, "hash"),
  };
  const written = {
    full: work.packed1,
    incremental: work.deltaPacked,
    "incremental-list": work.deltaPacked,
    restore: work.nonZero2,
    verify: 0,
  };
  const limit = (name: Limited): number => round(Math.max(cpu[name], seconds(written[name], "disk")), 3);
  return Object.fromEntries(LIMITED.map((name) => [name, limit(name)])) as Record<Limited, number>;
}

/** Geometric mean of limit / wall over the five operations. */
export function shareOfLimit(limits: Readonly<Record<Limited, number>>, wall: (operation: Limited) => number): number {
  const logs = LIMITED.map((name) => Math.log(limits[name] / wall(name)));
  return round(Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length), 3);
}
