/** The minute's work: every execution that was promised is started, looked after, and ended when it cannot end itself. */

import type { Instant } from "../../domain/values.ts";
import { type Item, type Key, TransactionRefused } from "../../ports/record-store.ts";
import { sealHours } from "../audit/seal-hours.ts";
import { startCheckpoint } from "../backup/create-checkpoint.ts";
import { failRun } from "../backup/fail-run.ts";
import { prepareCheckpoint, settleCheckpoint } from "../backup/run-checkpoint.ts";
import { failDelete } from "../delete/run-delete.ts";
import { inBatches } from "../in-batches.ts";
import { mendPoints } from "../policies/clock-set-back.ts";
import { fillGap } from "../policies/fill-gap.ts";
import { firePoint } from "../policies/fire-point.ts";
import { settlePolicy } from "../policies/settle-policy.ts";
import { tellUnstarted } from "../policies/unstarted.ts";
import { Due } from "../records/entities.ts";
import { backupKey } from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import type { OpenRun } from "../records/runs.ts";
import { GapDue, isPoint, kindOf, PointDue, PolicyDue } from "../records/scheduled-runs.ts";
import { backups, load } from "../records/tables.ts";
import { openRuns } from "../repository/open-runs.ts";
import { failRestore } from "../restore/run-restore.ts";
import type { Services } from "../services.ts";
import { tell } from "../tell.ts";
import { continueMigration } from "../vaults/run-migration.ts";
import { failRemoval } from "../vaults/run-removal.ts";
import { doChore, isChore } from "./chores.ts";
import { observeClock } from "./clock.ts";
import { startDueCollection } from "./collections.ts";
import { watchRun } from "./due.ts";
import { meterVault } from "./metering.ts";
import { settleDue } from "./settle-due.ts";

/**
 * When no run of a repository has shown a sign of life for this long, those that are open are dead, whatever their workflows
 * say (CCY-04): twice a task's time-out. While another one works, a silent run may be waiting for its turn.
 */
const LEASE_MS = 30 * 60 * 1000;
/** Nobody waits for a turn this long: every task has a time-out, and hundreds of units pass each worker in a day. */
const WAITING_LEASE_MS = 24 * 3600 * 1000;

/** Backups of one resource that one look moves to another vault: some seconds' work. */
const MIGRATED_AT_ONCE = 500;

export interface TickReport {
  readonly started: number;
  readonly running: number;
  readonly ended: number;
  readonly failed: number;
}

/** Each is a request to Step Functions on AWS. */
const STARTS_AT_ONCE = 16;

/**
 * Looks at everything that is due, and at work that is watched by `horizon` (now; at start-up a little later, so that a restart
 * waits for nothing). Two ticks at once are harmless: every step is conditional or idempotent. One item that fails is logged and due again next time.
 */
export async function tick(s: Services, horizon = s.now()): Promise<TickReport> {
  // Before anything that goes by the clock: it compares with the tick before, which is forgotten with this one noted.
  await mendPoints(s);
  await observeClock(s);
  const round: Round = { report: { started: 0, running: 0, ended: 0, failed: 0 }, starts: [], signs: signsOfLife(s) };
  const began = s.now();
  const all = await settleDue(s, horizon, async (item) => {
    const settled = await settling(s, round, { item: item.sk }, async () => {
      const seen = await lookAt(s, item, round);
      if (seen !== undefined) round.report[seen]++;
    });
    if (!settled && isPoint(item)) await tellUnstarted(s, item);
  });
  if (!all) s.log({ level: "warn", text: "a tick did not get to everything that was due", ...round.report });
  const { starts } = round;
  if (starts.length > 0) s.log({ level: "info", text: "runs recorded", runs: starts.length, ms: s.now() - began });
  await inBatches(starts, STARTS_AT_ONCE, (checkpointId) =>
    settling(s, round, { run: checkpointId }, () => startCheckpoint(s, checkpointId)),
  );
  await sealHours(s);
  return round.report;
}

/** What one tick gathers. */
interface Round {
  readonly report: { -readonly [name in keyof TickReport]: number };
  /** Runs that are recorded and start once all points are: they would compete with the tick for the processor. */
  readonly starts: string[];
  readonly signs: SignsOfLife;
}

/** One thing that fails is logged and looked at again next time. @returns whether it did not */
async function settling(s: Services, { report }: Round, what: object, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    report.failed++;
    s.log({ level: "error", text: "due item not settled", ...what, error: String(error) });
    return false;
  }
}

/** @returns what became of an execution; undefined for what is none */
async function lookAt(s: Services, item: Item, { starts, signs }: Round): Promise<keyof TickReport | undefined> {
  switch (kindOf(item)) {
    case "point": {
      const { outcome, notices, start } = await firePoint(s, parseItem(PointDue, item));
      if (start !== undefined) starts.push(start);
      for (const notice of notices) await tell(s, notice);
      return outcome;
    }
    case "gap":
      return (await fillGap(s, parseItem(GapDue, item))) ? "ended" : "running";
    case "policy":
      await settlePolicy(s, parseItem(PolicyDue, item));
      return "ended";
    default:
      return look(s, parseItem(Due, item), item, signs);
  }
}

async function look(s: Services, due: Due, { pk, sk }: Key, signs: SignsOfLife): Promise<keyof TickReport | undefined> {
  const { workflow } = due;
  const key = { pk, sk };
  if (isChore(workflow)) {
    await doChore(s, workflow, due, key);
    return "ended";
  }
  if (workflow === "collect") {
    await startDueCollection(s, due, key);
    return "started";
  }
  if (workflow === "meter") {
    await meterVault(s, due, key);
    return undefined;
  }
  if (workflow === "migrate") {
    // Due until it is done: a row that stays where it is comes up every minute.
    if (!(await continueMigration(s, { taskId: due.name, most: MIGRATED_AT_ONCE }))) return "running";
    // It went with the migration, unless the clock was set right since and it stands somewhere else.
    await s.records.write({ op: "delete", key, if: "any" });
    return "ended";
  }
  const status = await s.workflows.status(workflow, due.name);
  if (status === undefined) {
    // The process died between recording the work and starting it.
    await s.workflows.start(workflow, due.name, due.input);
    await again(s, due, key);
    return "started";
  }
  if (status === "running") {
    await endDeadRuns(s, due, signs);
    await again(s, due, key);
    return "running";
  }
  if (workflow === "backup" && (await membersRun(s, due))) {
    await endDeadRuns(s, due, signs);
    await again(s, due, key);
    return "running";
  }
  // An execution that has ended has recorded its outcome; where it could not, that is done here. All of it is idempotent.
  await end(s, due, "failed", { Error: "Unfinished", Cause: "the work ended without recording an outcome" });
  await s.records.write({ op: "delete", key, if: "any" });
  return "ended";
}

/** A run that ended badly may leave members behind whose own executions go on; they end by themselves. */
async function membersRun(s: Services, due: Due): Promise<boolean> {
  const { members } = await prepareCheckpoint(s, { checkpointId: String(due.input.checkpointId) });
  for (const member of members) if ((await s.workflows.status("backup-member", member)) === "running") return true;
  return false;
}

/** Due again later. Loses to another tick that moved it first. */
async function again(s: Services, due: Due, key: { pk: string; sk: string }): Promise<void> {
  const later = watchRun(s.now(), { workflow: due.workflow, name: due.name, input: due.input });
  // A start-up in the very millisecond in which the work began looks at the row where it would be put.
  if (later.item.sk === key.sk) return;
  try {
    await s.records.transact([{ op: "delete", key, if: "present" }, later]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
  }
}

/** Ends what the execution left open, if anything. */
async function end(
  s: Services,
  due: Due,
  status: "failed" | "timeout",
  error: { readonly Error: string; readonly Cause: string },
): Promise<void> {
  const text = (name: string): string => String(due.input[name] ?? "");
  const backupId = text("backupId");
  const taskId = text("taskId");
  switch (due.workflow) {
    case "backup": {
      const { members } = await prepareCheckpoint(s, { checkpointId: text("checkpointId") });
      for (const member of members) await failRun(s, { backupId: member, error, status });
      return settleCheckpoint(s, { checkpointId: text("checkpointId") });
    }
    case "backup-member":
      return failRun(s, { backupId, error, status });
    case "restore":
      return failRestore(s, { backupId, taskId, error, status });
    case "delete-backup":
      return failDelete(s, { backupId, taskId, error, status });
    case "delete-vault":
    case "remove-resource":
      return failRemoval(s, { taskId, error, status });
    case "migrate":
    case "meter":
    case "expiry":
    case "retention":
    case "purge":
      // No execution does these.
      return;
    case "collect":
      // Started and promised again in one go; an execution that died has a lease that runs out.
      return;
  }
}

/** Members and restores whose lease ran out: closed, their fence dead, so that what still runs of them counts for nothing. */
async function endDeadRuns(s: Services, due: Due, signs: SignsOfLife): Promise<void> {
  const error = { Error: "LeaseExpired", Cause: `no sign of life for ${LEASE_MS / 60_000} minutes` };
  if (due.workflow === "restore") {
    if (await isDead(s, signs, String(due.input.backupId), String(due.input.taskId)))
      await end(s, due, "timeout", error);
  } else if (due.workflow === "backup") {
    const { members } = await prepareCheckpoint(s, { checkpointId: String(due.input.checkpointId) });
    for (const backupId of members) {
      if (await isDead(s, signs, backupId, backupId)) await failRun(s, { backupId, error, status: "timeout" });
    }
  }
}

/** The open runs of a repository as they were at `at`. */
type SignsOfLife = (
  domainId: string,
) => Promise<{ readonly runs: readonly Pick<OpenRun, "id" | "heartbeat">[]; readonly at: Instant }>;

/** Read once a tick: a thousand runs that are looked at are a thousand rows, not a thousand times as many. */
function signsOfLife(s: Services): SignsOfLife {
  const read = new Map<string, ReturnType<SignsOfLife>>();
  return (domainId) => {
    const known = read.get(domainId) ?? openRuns(s.records, domainId).then(({ runs }) => ({ runs, at: s.now() }));
    read.set(domainId, known);
    return known;
  };
}

async function isDead(s: Services, signs: SignsOfLife, backupId: string, runId: string): Promise<boolean> {
  const backup = await load(s.records, backups, backupKey(backupId));
  if (backup === undefined) return false;
  // Moves take nobody's turn: only what works on disks keeps a silent run waiting.
  const { runs: open, at } = await signs(backup.domainId);
  const run = open.find(({ id }) => id === runId);
  if (run === undefined) return false;
  const newest = Math.max(...open.map(({ heartbeat }) => heartbeat));
  return at - newest > LEASE_MS || at - run.heartbeat > WAITING_LEASE_MS;
}
