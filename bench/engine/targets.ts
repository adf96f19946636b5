/** Which targets has the engine, and does a report meet them? */
import type { ImagesResult, Operation } from "./images.ts";
import type { Limited } from "./limits.ts";
import { round } from "./measure.ts";
import { OURS } from "./program.ts";
import type { Report } from "./report.ts";

/** One line: a value, the bound that was set for it, and whether it holds. */
export interface Target {
  readonly what: string;
  /** undefined when it was not measured. */
  readonly value: number | undefined;
  readonly bound: number;
  readonly atLeast: boolean;
  readonly unit: string;
  /** The value of a program that reaches this machine's limit in this operation: what is above it cannot be met here. */
  readonly atLimit?: number | undefined;
}

/** Does the value hold? Not measured is not met. */
export function isMet({ value, bound, atLeast }: Target): boolean {
  return value !== undefined && (atLeast ? value >= bound : value <= bound);
}

const BORGS = ["borg", "borg-fixed"];

/** All targets; ratios of medians of one interleaved session. "borg" is the faster of its two settings, operation by operation. */
export function targetsOf({ images, churn, clones, huge, service }: Report): readonly Target[] {
  const faster = (what: string, operation: Operation, peer: "restic" | "borg", bound: number): Target => ({
    what: `${what}, times faster than ${peer}`,
    value: images && speedup(images, operation, peer, images.medians[OURS]?.[operation]?.wall),
    ...{ bound, atLeast: true, unit: "×" },
    atLimit: images && speedup(images, operation, peer, images.limits[operation as Limited]),
  });
  const most = (what: string, value: number | undefined, bound: number, unit: string): Target => ({
    ...{ what, value, bound, unit },
    atLeast: false,
  });
  const ours = images?.kept[OURS];
  return [
    faster("full", "full", "restic", 4),
    faster("full", "full", "borg", 1.9),
    faster("incremental, every block read", "incremental", "restic", 7.5),
    faster("incremental, every block read", "incremental", "borg", 4),
    faster("incremental with change list", "incremental-list", "restic", 15),
    faster("incremental with change list", "incremental-list", "borg", 8),
    faster("restore to file", "restore", "restic", 3.2),
    faster("restore to file", "restore", "borg", 2.6),
    faster("verify all data", "verify", "restic", 2.6),
    faster("verify all data", "verify", "borg", 2.6),
    most(
      "repository after v1 at level 3, of restic's",
      ratio(ours?.afterV1Level3, images?.kept.restic?.afterV1),
      1.01,
      "×",
    ),
    most("stored for v2 after v1", ours?.v2, 36, "MiB"),
    most("peak memory, any operation", images && peak(images, OURS), 250, "MiB"),
    { what: "F: share of the machine's limit", value: images?.shares[OURS], bound: 0.85, atLeast: true, unit: "" },
    most("40 daily versions, 7 kept: stored, of live bytes", churn?.ratio, 1.35, "×"),
    most("restore of the 40th version, of the 1st, per byte", churn?.restoreRatio, 1.2, "×"),
    most("four clones, each changed: stored, of exact block dedup", clones?.ratio, 1.1, "×"),
    most("64 TiB disk, sparse: memory", huge?.peakMib, 300, "MiB"),
    most("64 TiB disk: root", huge?.rootMib, 16, "MiB"),
    most("64 TiB disk: time for a changed leaf, of a 1 TiB disk's", huge?.leafRatio, 1.2, "×"),
    most("full through the service, of the command line", service?.fullRatio, 1.1, "×"),
    most("incremental through the service, longer than the command line", service?.incrementalExtra, 0.5, "s"),
  ];
}

/** The peer's median wall time over `seconds`; peers without change lists must read everything. */
function speedup(
  { medians }: ImagesResult,
  operation: Operation,
  peer: "restic" | "borg",
  seconds: number | undefined,
): number | undefined {
  const walls = (peer === "borg" ? BORGS : [peer]).flatMap(
    (name) => (medians[name]?.[operation] ?? medians[name]?.incremental)?.wall ?? [],
  );
  return walls.length === 0 ? undefined : ratio(Math.min(...walls), seconds);
}

function ratio(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : round(a / b, 3);
}

/** MiB: the most that any of a program's operations held in any round. */
export function peak({ samples }: ImagesResult, name: string): number | undefined {
  const all = samples.filter(({ program }) => program === name).map(({ rss }) => rss);
  return all.length === 0 ? undefined : Math.max(...all);
}
