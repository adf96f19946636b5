/** What does a 64 TiB disk take that is almost empty, and does a changed leaf cost there what it costs on a small disk? */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { emptyFolder } from "./folders.ts";
import type { HugeDisk } from "./huge-disk.ts";
import { round, say } from "./measure.ts";

const LARGE_TIB = 64;
const SMALL_TIB = 1;
/** Leaves that hold data, and of them those that change: the same numbers on both disks. */
const DATA_LEAVES = 2000;
const CHANGED_LEAVES = 2000;

export interface HugeResult {
  readonly tib: number;
  readonly changedLeaves: number;
  readonly seconds: { readonly full: number; readonly changed: number; readonly unchanged: number };
  /** MiB: the most that the process held, its source and bench included. */
  readonly peakMib: number;
  readonly rootMib: number;
  /** Seconds for each changed leaf beyond those of a backup in which nothing changed: large disk against a disk of 1 TiB. */
  readonly leafRatio: number;
}

/** In a process of its own for each disk. */
export function measureHuge(work: string): HugeResult {
  const large = disk(work, LARGE_TIB);
  const small = disk(work, SMALL_TIB);
  const perLeaf = ({ changed, unchanged }: HugeDisk): number => (changed.seconds - unchanged.seconds) / CHANGED_LEAVES;
  return {
    tib: LARGE_TIB,
    changedLeaves: CHANGED_LEAVES,
    seconds: {
      full: round(large.full.seconds, 2),
      changed: round(large.changed.seconds, 2),
      unchanged: round(large.unchanged.seconds, 2),
    },
    peakMib: round(large.peakMib, 0),
    rootMib: round(Math.max(large.full.rootMib, large.changed.rootMib), 2),
    leafRatio: round(perLeaf(large) / perLeaf(small), 2),
  };
}

function disk(work: string, tib: number): HugeDisk {
  const program = join(import.meta.dirname, "huge-disk.ts");
  const folder = join(emptyFolder(join(work, "huge")), "objects");
  say(`huge: ${tib} TiB`);
  const output = execFileSync(process.execPath, [program, folder, `${tib}`, `${DATA_LEAVES}`, `${CHANGED_LEAVES}`]);
  return JSON.parse(output.toString("utf8")) as HugeDisk;
}
