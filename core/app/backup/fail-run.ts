/** Ends a backup that cannot succeed: `error`, with the reason in its task, and its resource free again (BKP-26, CCY-04). */
import { BACKUP, MEMBER, next, RESOURCE, TASK } from "../../domain/state-machines.ts";
import { asBackup, byItself } from "../audit/by-itself.ts";
import { traceWrite } from "../audit/record-trace.ts";
import { type CaughtError, failureOf } from "../failure.ts";
import { Member } from "../records/entities.ts";
import { backupKey, bindingKey, memberKey, runKey, taskKey } from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import type { OpenRun } from "../records/runs.ts";
import { backups, bindings, load, putMember, remove, replace, runs, tasks } from "../records/tables.ts";
import { intentsOfFailed } from "../repository/intents.ts";
import { dueAfterFailure } from "../retention/due-retention.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { tellOfVault } from "../tell.ts";
import { withoutLease } from "./seal-run.ts";

/**
 * The workflow tries again when the provider does not take the capture back; the tick, which comes after it, does not wait
 * for that: an account that lets nobody delete snapshots must not keep its resources busy for ever.
 */
async function freeCapture(s: Services, { id, capture }: OpenRun, last: boolean): Promise<void> {
  if (capture === undefined) return;
  try {
    await s.resources.release(capture, { keepComparable: false });
  } catch (error) {
    if (!last) throw error;
    s.log({ level: "warn", text: "the capture of a failed run stays until the sweep", run: id, error: String(error) });
  }
}

/** Idempotent: a backup that has ended stays as it is. The run is closed for ever: its fence is dead. */
export async function failRun(
  s: Services,
  ask: { readonly backupId: string; readonly error: CaughtError; readonly status?: "failed" | "timeout" },
): Promise<void> {
  const ended = await withFreshState(async () => {
    const backup = await load(s.records, backups, backupKey(ask.backupId));
    if (backup === undefined || backup.status !== "protecting") return undefined;
    const run = await load(s.records, runs, runKey(backup.domainId, backup.id));
    // Before the run is gone: nobody knows of its capture afterwards, and a crash in between would leave it for ever.
    if (run !== undefined) await freeCapture(s, run, ask.status !== undefined);
    const binding = await load(s.records, bindings, bindingKey(backup.vaultId, backup.resourceId));
    const task = await load(s.records, tasks, taskKey(backup.taskId));
    const memberItem = await s.records.get(memberKey(backup.checkpointId, backup.resourceId), { consistent: true });
    const member = memberItem && parseItem(Member, memberItem);
    const now = s.now();
    const trace = byItself("createBackup", asBackup(backup), {
      projectId: backup.projectId,
      requestId: task?.requestId,
    });
    await s.records.transact([
      replace(backups, { ...backup, status: next(BACKUP, backup.status, "fail"), updatedAt: now }),
      // AUD-02.
      await traceWrite(s, trace, { outcome: "failed", code: failureOf(ask.error).code }),
      ...dueAfterFailure(now, backup),
      // A root that was written just before the failure goes with it.
      ...(run !== undefined ? [remove(runs, run), ...intentsOfFailed(s, run)] : []),
      ...(binding?.lease?.holder === backup.id
        ? [
            replace(bindings, {
              ...withoutLease(binding),
              status: next(RESOURCE, binding.status, "fail"),
              fence: binding.fence + 1,
            }),
          ]
        : []),
      ...(member !== undefined
        ? [putMember(backup.checkpointId, { ...member, status: next(MEMBER, member.status, "fail") })]
        : []),
      ...(task !== undefined
        ? [
            replace(tasks, {
              ...task,
              status: next(TASK, task.status, ask.status ?? "failed"),
              endedAt: now,
              updatedAt: now,
              error: failureOf(ask.error),
            }),
          ]
        : []),
    ]);
    return backup;
  });
  if (ended === undefined) return;
  await tellOfVault(s, ended.vaultId, {
    severity: "critical",
    topic: "backup.failed",
    projectId: ended.projectId,
    message: `backup ${ended.name} of ${ended.resourceName} failed: ${failureOf(ask.error).message}`,
    facts: { backup_id: ended.id, resource_id: ended.resourceId, vault_id: ended.vaultId },
  });
}
