/** The minute's work: every execution that was promised is started, looked after, and ended when it cannot end itself. */

import { sortableTime } from "../../domain/values.ts";
import { TransactionRefused } from "../../ports/record-store.ts";
import { sealHours } from "../audit/seal-hours.ts";
import { failRun } from "../backup/fail-run.ts";
import { prepareCheckpoint } from "../backup/run-checkpoint.ts";
import { failDelete } from "../delete/run-delete.ts";
import { Due } from "../records/entities.ts";
import { backupKey, DUE_SHARDS, dueKey } from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import { backups, load } from "../records/tables.ts";
import { openRuns } from "../repository/open-runs.ts";
import { failRestore } from "../restore/run-restore.ts";
import type { Services } from "../services.ts";
import { failRemoval } from "../vaults/run-removal.ts";
import { startDueCollection } from "./collections.ts";
import { watchRun } from "./due.ts";

/**
 * When no run of a repository has shown a sign of life for this long, those that are open are dead, whatever their workflows
 * say (CCY-04): twice a task's time-out. While another one works, a silent run may be waiting for its turn.
 */
const LEASE_MS = 30 * 60 * 1000;
/** Nobody waits for a turn this long: every task has a time-out, and hundreds of units pass each worker in a day. */
const WAITING_LEASE_MS = 24 * 3600 * 1000;

export interface TickReport {
  readonly started: number;
  readonly running: number;
  readonly ended: number;
  readonly failed: number;
}

/**
 * Looks at everything due by `horizon` (now; at start-up a little later, so that a restart waits for nothing). Two ticks at
 * once are harmless: every step is conditional or idempotent. One item that fails is logged and due again next time.
 */
export async function tick(s: Services, horizon = s.now()): Promise<TickReport> {
  const report = { started: 0, running: 0, ended: 0, failed: 0 };
  for (let shard = 0; shard < DUE_SHARDS; shard++) {
    const { pk } = dueKey(shard, 0, "", "");
    // "~" sorts after every id: the whole millisecond of the horizon is due.
    const range = { to: `${sortableTime(horizon)}#~` };
    let cursor: string | undefined;
    do {
      const page = await s.records.query({ pk, sk: range, limit: 200, consistent: true, ...(cursor && { cursor }) });
      for (const item of page.items) {
        try {
          const due = parseItem(Due, item);
          report[await look(s, due, { pk: item.pk, sk: item.sk })]++;
        } catch (error) {
          report.failed++;
          s.log({ level: "error", text: "due item not settled", item: item.sk, error: String(error) });
        }
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
  await sealHours(s);
  return report;
}

async function look(s: Services, due: Due, key: { pk: string; sk: string }): Promise<keyof TickReport> {
  if (due.workflow === "collect") {
    await startDueCollection(s, due, key);
    return "started";
  }
  const status = await s.workflows.status(due.workflow, due.name);
  if (status === undefined) {
    // The process died between recording the work and starting it.
    await s.workflows.start(due.workflow, due.name, due.input);
    await again(s, due, key);
    return "started";
  }
  if (status === "running") {
    await endDeadRuns(s, due);
    await again(s, due, key);
    return "running";
  }
  if (due.workflow === "backup" && (await membersRun(s, due))) {
    await endDeadRuns(s, due);
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
  try {
    await s.records.transact([
      { op: "delete", key, if: "present" },
      watchRun(s.now(), { workflow: due.workflow, name: due.name, input: due.input }),
    ]);
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
      return;
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
    case "collect":
      // Started and promised again in one go; an execution that died has a lease that runs out.
      return;
  }
}

/** Members and restores whose lease ran out: closed, their fence dead, so that what still runs of them counts for nothing. */
async function endDeadRuns(s: Services, due: Due): Promise<void> {
  const error = { Error: "LeaseExpired", Cause: `no sign of life for ${LEASE_MS / 60_000} minutes` };
  if (due.workflow === "restore") {
    if (await isDead(s, String(due.input.backupId), String(due.input.taskId))) await end(s, due, "timeout", error);
  } else if (due.workflow === "backup") {
    const { members } = await prepareCheckpoint(s, { checkpointId: String(due.input.checkpointId) });
    for (const backupId of members) {
      if (await isDead(s, backupId, backupId)) await failRun(s, { backupId, error, status: "timeout" });
    }
  }
}

async function isDead(s: Services, backupId: string, runId: string): Promise<boolean> {
  const backup = await load(s.records, backups, backupKey(backupId));
  if (backup === undefined) return false;
  // Moves take nobody's turn: only what works on disks keeps a silent run waiting.
  const { runs: open } = await openRuns(s.records, backup.domainId);
  const run = open.find(({ id }) => id === runId);
  if (run === undefined) return false;
  const newest = Math.max(...open.map(({ heartbeat }) => heartbeat));
  return s.now() - newest > LEASE_MS || s.now() - run.heartbeat > WAITING_LEASE_MS;
}
