/** Which functions does the AWS host have? Plain data: the stacks make them, the benches measure them, tests compare. */
import type { PartName } from "./env.ts";

export interface FunctionSpec {
  /** The physical name is `<deployment>-<name>`. */
  readonly name: string;
  /** Module that exports `handler`, from the root of the repository. */
  readonly entry: string;
  /** The task of a workflow that it runs, `workflow.state`; absent: the API, the tick, the sweep, the admin. */
  readonly task?: string;
  /** Shorter than the time-out of the state that calls it, so that the function's own error is the one recorded. */
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  /** Whose share of the account's concurrency it takes. */
  readonly reserved?: "transfer" | "api" | "tick";
  /** What it is wired to; the rest throws when it is touched. */
  readonly parts: readonly PartName[];
}

/**
 * Calls at once that are set aside for each function of a share, and that it never exceeds. `transfer`: EBS gives an account
 * 1,000 blocks a second (EBS quotas, "GetSnapshotBlock requests per account"); twenty readers use that up at 50 blocks each.
 * `tick`: the next minute's may begin while the last one's is still busy.
 */
export const RESERVED: Readonly<Record<NonNullable<FunctionSpec["reserved"]>, number>> = {
  transfer: 20,
  api: 20,
  tick: 2,
};

/** One vCPU's worth of a function (AWS, "Configure Lambda function memory": at 1,769 MB a function has one vCPU). */
const FULL_CPU_MB = 1769;
const SMALL_MB = 512;
/** States of a minute, of five, of fifteen: each function ends before its state does. */
const MINUTE = 50;
const FIVE_MINUTES = 290;
const QUARTER = 870;

function task(
  workflow: string,
  state: string,
  timeoutSeconds: number,
  parts: readonly PartName[],
  options: { readonly memoryMb?: number; readonly reserved?: "transfer" } = {},
): FunctionSpec {
  const name = `${workflow}-${state}`;
  return {
    name,
    entry: `functions/aws/tasks/${name}.ts`,
    task: `${workflow}.${state}`,
    timeoutSeconds,
    memoryMb: SMALL_MB,
    parts,
    ...options,
  };
}

const MOVES_DATA = { memoryMb: FULL_CPU_MB, reserved: "transfer" } as const;
const READS_ROOTS = { memoryMb: FULL_CPU_MB } as const;
/**
 * Knows every pack of a repository. No concurrency is set aside: the lease in the records lets one collection of a repository
 * work at a time, two would do no harm, and those of several repositories need not wait for each other.
 */
const MARKS_PACKS = { memoryMb: 2 * FULL_CPU_MB } as const;

export const FUNCTIONS: readonly FunctionSpec[] = [
  {
    name: "api",
    entry: "functions/aws/api.ts",
    // API Gateway gives up after 30 s (HTTP API quotas, "Maximum integration timeout").
    timeoutSeconds: 29,
    memoryMb: FULL_CPU_MB,
    reserved: "api",
    parts: ["records", "keys", "ec2", "workflows"],
  },
  {
    name: "tick",
    entry: "functions/aws/tick.ts",
    timeoutSeconds: FIVE_MINUTES,
    memoryMb: SMALL_MB,
    reserved: "tick",
    // Seals the audit trail.
    parts: ["records", "keys", "ec2", "targets", "workflows", "notifier"],
  },
  {
    name: "sweep",
    entry: "functions/aws/sweep.ts",
    timeoutSeconds: QUARTER,
    memoryMb: SMALL_MB,
    parts: ["records", "ec2", "targets"],
  },
  {
    name: "admin",
    entry: "functions/aws/admin.ts",
    timeoutSeconds: MINUTE,
    memoryMb: SMALL_MB,
    parts: ["records", "keys", "identity", "notifier"],
  },

  task("backup", "prepare", MINUTE, ["records"]),
  // Roots of deleted backups that this run held go at its end.
  task("backup", "conclude", MINUTE, ["records", "objects", "notifier"]),

  task("backup-member", "open", MINUTE, ["records", "ec2"]),
  task("backup-member", "capture", FIVE_MINUTES, ["records", "ec2"]),
  task("backup-member", "ready", FIVE_MINUTES, ["records", "ec2"]),
  task("backup-member", "confirm", MINUTE, ["records", "ec2"]),
  task("backup-member", "seal", QUARTER, ["records", "objects", "keys", "engine", "ec2", "notifier"], READS_ROOTS),
  task("backup-member", "fail", MINUTE, ["records", "ec2", "notifier"]),
  task("backup-group", "transfer", QUARTER, ["records", "objects", "keys", "engine", "blocks"], MOVES_DATA),

  // Looks whether all that it needs is there, before anything is overwritten.
  task("restore", "begin", FIVE_MINUTES, ["records", "objects", "keys", "engine", "ec2", "targets"], READS_ROOTS),
  task("restore", "finish", FIVE_MINUTES, ["records", "targets"]),
  task("restore", "replace", FIVE_MINUTES, ["records", "targets"]),
  task("restore", "swap", FIVE_MINUTES, ["records", "targets"]),
  task("restore", "conclude", FIVE_MINUTES, ["records", "targets", "notifier"]),
  task("restore", "fail", FIVE_MINUTES, ["records", "targets", "notifier"]),
  task("restore-group", "write", QUARTER, ["records", "objects", "keys", "engine", "blocks"], MOVES_DATA),
  task("compare-group", "compare", QUARTER, ["records", "objects", "keys", "engine", "blocks"], MOVES_DATA),

  task("delete-backup", "remove", FIVE_MINUTES, ["records", "objects", "keys", "engine", "notifier"], READS_ROOTS),
  task("delete-backup", "fail", MINUTE, ["records", "notifier"]),
  task("remove-resource", "batch", FIVE_MINUTES, ["records", "objects", "keys", "engine"], READS_ROOTS),
  task("remove-resource", "fail", MINUTE, ["records"]),
  task("delete-vault", "batch", FIVE_MINUTES, ["records", "objects", "keys", "engine", "notifier"], READS_ROOTS),
  task("delete-vault", "fail", MINUTE, ["records", "notifier"]),

  // Tells when nothing can be decided.
  task("collect", "plan", QUARTER, ["records", "objects", "keys", "engine", "notifier"], MARKS_PACKS),
  task("collect", "trash", QUARTER, ["records", "objects", "keys", "engine"], READS_ROOTS),
  task("collect", "move", QUARTER, ["records", "objects", "keys", "engine"], MARKS_PACKS),
  task("collect", "finish", MINUTE, ["records", "notifier"]),
  task("collect", "fail", MINUTE, ["records", "notifier"]),
];
