/** DELETE backups/{id}: records the deletion, durably, and starts it. */
import { fault } from "../../domain/fault.ts";
import { findParent, loadBackup } from "../backup/load-backup.ts";
import { Backup, type Task } from "../records/entities.ts";
import { byResource, vaultKey } from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import { backups, insert, replace, tasks } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { watchRun } from "../time/due.ts";
import { bindingNamed } from "../vaults/home.ts";
import { loadVault } from "../vaults/load-vault.ts";

/** @throws Fault 6200, 6201 (status, child of a server backup, vault deleting), 6112 (frozen), 6216 (in use), 6220 (locked vault, automatic) */
export async function startDeleteBackup(s: Services, caller: Caller, backupId: string): Promise<void> {
  const taskId = s.newId();
  await withFreshState(() => record(s, caller, backupId, taskId));
  // A crash before this line is mended by the watch that was written with the task.
  await s.workflows.start("delete-backup", taskId, { backupId, taskId });
}

async function record(s: Services, caller: Caller, backupId: string, taskId: string): Promise<void> {
  const parent = await findParent(s.records, backupId);
  if (parent !== undefined) {
    await loadBackup(s.records, caller.projectId, parent);
    fault("6201", `${backupId} is a disk of server backup ${parent}; delete that one (DEL-03)`);
  }
  const backup = await loadBackup(s.records, caller.projectId, backupId);
  if (backup.status === "restoring") fault("6216", "the backup is being restored");
  if (backup.status !== "available" && backup.status !== "error")
    fault("6201", `the backup is ${backup.status}; only an available or failed one can be deleted`);
  const vault = await loadVault(s.records, caller.projectId, backup.vaultId);
  if (vault.status === "frozen") fault("6112", "the vault is frozen");
  if (vault.status === "deleting") fault("6201", "the vault is being deleted with everything in it");
  if (vault.locked && backup.autoTrigger && backup.status === "available")
    fault("6220", "the vault is locked: an automatic backup goes only when it expires");
  const binding = await bindingNamed(s.records, backup);
  if (binding?.status === "migrating")
    fault("6201", "the resource is being moved to another vault with all its backups");
  if (binding?.status === "removing") fault("6201", "the resource is being removed with all its backups");
  if (
    binding?.status === "protecting" &&
    backup.status === "available" &&
    (await isNewest(s, caller.projectId, backup))
  )
    fault("6216", "the next backup of the resource is running and this is its newest one");

  const now = s.now();
  const task: Task = {
    schema: 1,
    id: taskId,
    projectId: caller.projectId,
    type: "delete",
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
  // Loses to whoever starts something in the vault, or takes the backup, meanwhile; then all is read again. The vault is
  // only checked: deletions do not get in each other's way, and nothing has to lose to one.
  await s.records.transact([
    { op: "check", key: vaultKey(vault.id), if: { v: vault.v } },
    replace(backups, { ...backup, status: "deleting", updatedAt: now }),
    insert(tasks, task),
    watchRun(now, { workflow: "delete-backup", name: taskId, input: { backupId, taskId } }),
  ]);
}

/**
 * Whether no newer available backup of the resource exists in the vault (RET-15, DEL-04). The index may lag: it may know
 * this backup as unfinished still, so an older one that it names proves nothing.
 */
async function isNewest(s: Services, projectId: string, backup: Backup): Promise<boolean> {
  const { pk } = byResource(projectId, backup.resourceId, "B", 0, "");
  let cursor: string | undefined;
  do {
    const page = await s.records.query({ index: "g3", pk, forward: false, limit: 50, ...(cursor && { cursor }) });
    for (const item of page.items) {
      const other = parseItem(Backup, item);
      if (other.id === backup.id || other.createdAt < backup.createdAt) return true;
      if (other.status === "available" && other.vaultId === backup.vaultId) return false;
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return true;
}
