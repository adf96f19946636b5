/** The tasks of a backup's deletion, and of taking one back: the task's type says which way the backup goes. */
import { BACKUP, next, TASK } from "../../domain/state-machines.ts";
import { type CaughtError, failureOf } from "../failure.ts";
import type { Task } from "../records/entities.ts";
import { backupKey, taskKey, trashKey } from "../records/keys.ts";
import type { Versioned } from "../records/record.ts";
import { backups, load, replace, tasks } from "../records/tables.ts";
import { trash } from "../records/trash.ts";
import { sweepRoots } from "../repository/intents.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { tellOfVault } from "../tell.ts";
import { bringBack } from "./bring-back.ts";
import { deleteOne } from "./delete-one.ts";
import { goesToTrash, trashBackup } from "./trash-backup.ts";

export interface DeleteRef {
  readonly backupId: string;
  readonly taskId: string;
}

/**
 * Moves the backup to the trash (or removes it, when it is none that can be restored from) and ends its task in one transaction.
 * What is removed at once lets go of the roots that nothing pins. Idempotent. @throws Fault when it cannot come back any more
 */
export async function runDelete(s: Services, { backupId, taskId }: DeleteRef): Promise<void> {
  const task = await load(s.records, tasks, taskKey(taskId));
  const ends: { task?: Versioned<Task> | undefined } = {};
  const end = async () => {
    ends.task = await runningTask(s, taskId);
    return ends.task === undefined ? [] : [replace(tasks, ended(ends.task, s.now()))];
  };
  if (task?.type === "undelete") return bringBack(s, backupId, end);
  const backup = await load(s.records, backups, backupKey(backupId));
  if (backup !== undefined && goesToTrash(s, backup)) {
    await trashBackup(s, backupId, end);
  } else {
    await deleteOne(s, backupId, end);
    if (backup !== undefined) await sweepRoots(s, backup.domainId);
  }
  // Whoever does it again finds the task ended, and tells nothing twice.
  if (ends.task !== undefined) await tellOfDeletion(s, ends.task, "info", "backup.deleted", "was deleted");
}

const tellOfDeletion = (
  s: Services,
  { id, projectId, vaultId = "", backup }: Task,
  severity: "info" | "critical",
  topic: "backup.deleted" | "backup.delete-failed",
  what: string,
): Promise<void> =>
  tellOfVault(s, vaultId, {
    severity,
    topic,
    projectId,
    message: `backup ${backup?.name} ${what}`,
    facts: { task_id: id, backup_id: backup?.id ?? "", vault_id: vaultId },
  });

const ended = (task: Versioned<Task>, now: number): Versioned<Task> => ({
  ...task,
  status: next(TASK, task.status, "success"),
  endedAt: now,
  updatedAt: now,
});

async function runningTask(s: Services, taskId: string): Promise<Versioned<Task> | undefined> {
  const task = await load(s.records, tasks, taskKey(taskId));
  return task?.status === "running" ? task : undefined;
}

/**
 * A backup that was to go stays, in error, and can be deleted again; one that was to come back stays in the trash, and can be
 * asked for again. Idempotent.
 */
export async function failDelete(
  s: Services,
  {
    backupId,
    taskId,
    error,
    status,
  }: DeleteRef & { readonly error: CaughtError; readonly status?: "failed" | "timeout" },
): Promise<void> {
  const failed = await withFreshState(async () => {
    const task = await runningTask(s, taskId);
    if (task === undefined) return undefined;
    const backup = task.type === "delete" ? await load(s.records, backups, backupKey(backupId)) : undefined;
    const trashed = task.type === "undelete" ? await load(s.records, trash, trashKey(backupId)) : undefined;
    const now = s.now();
    await s.records.transact([
      replace(tasks, {
        ...task,
        status: next(TASK, task.status, status ?? "failed"),
        endedAt: now,
        updatedAt: now,
        error: failureOf(error),
      }),
      ...(backup?.status === "deleting"
        ? [replace(backups, { ...backup, status: next(BACKUP, backup.status, "fail"), updatedAt: now })]
        : []),
      ...(trashed?.returning === taskId ? [replace(trash, { ...trashed, returning: undefined })] : []),
    ]);
    return task;
  });
  if (failed?.type !== "delete") return;
  await tellOfDeletion(s, failed, "critical", "backup.delete-failed", `was not deleted: ${failureOf(error).message}`);
}
