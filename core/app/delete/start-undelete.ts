/** POST holdfast/backups/{id}/undelete: takes a deletion back, while the backup is in the trash. */
import { fault } from "../../domain/fault.ts";
import { refuseObstacle } from "../../domain/obstacle.ts";
import type { RecordStore } from "../../ports/record-store.ts";
import type { Task } from "../records/entities.ts";
import { bindingKey, taskKey, trashKey, vaultKey } from "../records/keys.ts";
import type { Versioned } from "../records/record.ts";
import { bindings, insert, load, replace, tasks } from "../records/tables.ts";
import { type Trashed, trash } from "../records/trash.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { watchRun } from "../time/due.ts";
import { loadVault } from "../vaults/load-vault.ts";

/** What is left of a deleted backup of the project. @throws Fault 6200 */
async function loadTrashed(records: RecordStore, projectId: string, backupId: string): Promise<Versioned<Trashed>> {
  const trashed = await load(records, trash, trashKey(backupId));
  if (trashed === undefined || trashed.backup.projectId !== projectId)
    return fault("6200", `backup ${backupId} is not in the trash`);
  return trashed;
}

/**
 * Records the return, durably, and starts it; from then on nothing purges the backup before the task has ended.
 * @returns the task, which clients poll
 * @throws Fault 6200 (not in the trash, or purged), 6201 (it is coming back already), 6105, 6112 (vault, or its resource is moving), 6135 (its resource left)
 */
export async function startUndelete(s: Services, caller: Caller, backupId: string): Promise<{ taskId: string }> {
  const taskId = s.newId();
  await withFreshState(() => record(s, caller, backupId, taskId));
  // A crash before this line is mended by the watch that was written with the task.
  await s.workflows.start("delete-backup", taskId, { backupId, taskId });
  return { taskId };
}

async function record(s: Services, caller: Caller, backupId: string, taskId: string): Promise<void> {
  const trashed = await loadTrashed(s.records, caller.projectId, backupId);
  const { backup } = trashed;
  if (trashed.state === "purged") fault("6200", `backup ${backupId} was purged; it cannot come back`);
  if (trashed.returning !== undefined && (await isRunning(s, trashed.returning)))
    fault("6201", `the backup is coming back already: task ${trashed.returning}`);
  const vault = await loadVault(s.records, caller.projectId, backup.vaultId);
  const binding = await load(s.records, bindings, bindingKey(vault.id, backup.resourceId));
  refuseObstacle("undelete", { vault: vault.status, ...(binding && { resources: [binding.status] }) });
  if (binding === undefined)
    fault("6135", `resource ${backup.resourceId} left the vault: its backups cannot come back`);
  const now = s.now();
  const task: Task = {
    schema: 1,
    id: taskId,
    projectId: caller.projectId,
    type: "undelete",
    status: "running",
    requestId: caller.requestId,
    vaultId: vault.id,
    vaultName: vault.name,
    enterpriseProjectId: vault.enterpriseProjectId,
    checkpointId: backup.checkpointId,
    resource: { id: backup.resourceId, type: backup.resourceType, name: backup.resourceName },
    backup: { id: backup.id, name: backup.name },
    createdAt: now,
    startedAt: now,
    updatedAt: now,
  };
  // Loses to a purge, to another return, and to whoever starts or deletes something in the vault; then that is seen.
  await s.records.transact([
    { op: "check", key: vaultKey(vault.id), if: { v: vault.v } },
    replace(trash, { ...trashed, returning: taskId }),
    insert(tasks, task),
    watchRun(now, { workflow: "delete-backup", name: taskId, input: { backupId, taskId } }),
  ]);
}

const isRunning = async (s: Services, taskId: string): Promise<boolean> =>
  (await load(s.records, tasks, taskKey(taskId)))?.status === "running";
