/** The tasks of a backup's deletion. */
import { type CaughtError, failureOf } from "../failure.ts";
import { backupKey, taskKey } from "../records/keys.ts";
import { backups, load, replace, tasks } from "../records/tables.ts";
import { sweepRoots } from "../repository/intents.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { deleteOne } from "./delete-one.ts";

export interface DeleteRef {
  readonly backupId: string;
  readonly taskId: string;
}

/** Removes the backup and ends its task in one transaction, then lets go of the roots that nothing pins. Idempotent. */
export async function runDelete(s: Services, { backupId, taskId }: DeleteRef): Promise<void> {
  const backup = await load(s.records, backups, backupKey(backupId));
  await deleteOne(s, backupId, async () => {
    const task = await load(s.records, tasks, taskKey(taskId));
    if (task === undefined || task.status !== "running") return [];
    const now = s.now();
    return [replace(tasks, { ...task, status: "success", endedAt: now, updatedAt: now })];
  });
  if (backup !== undefined) await sweepRoots(s, backup.domainId);
}

/** The backup stays, in error, and can be deleted again. Idempotent. */
export const failDelete = (
  s: Services,
  {
    backupId,
    taskId,
    error,
    status,
  }: DeleteRef & { readonly error: CaughtError; readonly status?: "failed" | "timeout" },
): Promise<void> =>
  withFreshState(async () => {
    const task = await load(s.records, tasks, taskKey(taskId));
    if (task === undefined || task.status !== "running") return;
    const backup = await load(s.records, backups, backupKey(backupId));
    const now = s.now();
    await s.records.transact([
      replace(tasks, { ...task, status: status ?? "failed", endedAt: now, updatedAt: now, error: failureOf(error) }),
      ...(backup?.status === "deleting" ? [replace(backups, { ...backup, status: "error", updatedAt: now })] : []),
    ]);
  });
