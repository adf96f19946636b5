/** Records a backup's deletion, durably, and starts it: on a person's word, or on a rule's. */
import { fault } from "../../domain/fault.ts";
import { obstacle } from "../../domain/obstacle.ts";
import { BACKUP, next } from "../../domain/state-machines.ts";
import type { Write } from "../../ports/record-store.ts";
import { asBackup, byItself } from "../audit/by-itself.ts";
import { traceWrite } from "../audit/record-trace.ts";
import { findParent, loadBackup } from "../backup/load-backup.ts";
import { Backup, type Task, type Told } from "../records/entities.ts";
import { backupKey, byResource, vaultKey } from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import { backups, insert, load, replace, tasks } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { watchRun } from "../time/due.ts";
import { bindingNamed } from "../vaults/home.ts";
import { loadVault } from "../vaults/load-vault.ts";

export interface Deletion {
  readonly projectId: string;
  readonly requestId: string;
  readonly backupId: string;
  readonly told: Told;
  /** A rule's plan rests on this good backup: when it is not there any more, the plan is void. */
  readonly restsOn?: string | undefined;
}

const DONE = { outcome: "success" } as const;

/** @throws Fault 6200, 6201 (status, child of a server backup, vault deleting, resource moving), 6112 (frozen), 6216 (in use), 6220 (locked vault, automatic) */
export async function startDeletion(s: Services, ask: Deletion): Promise<void> {
  const taskId = s.newId();
  await withFreshState(() => record(s, ask, taskId));
  // A crash before this line is mended by the watch that was written with the task.
  await s.workflows.start("delete-backup", taskId, { backupId: ask.backupId, taskId });
}

async function record(s: Services, ask: Deletion, taskId: string): Promise<void> {
  const { projectId, backupId, told } = ask;
  const parent = await findParent(s.records, backupId);
  if (parent !== undefined) {
    await loadBackup(s.records, projectId, parent);
    fault("6201", `${backupId} is a disk of server backup ${parent}; delete that one (DEL-03)`);
  }
  const backup = await loadBackup(s.records, projectId, backupId);
  const vault = await loadVault(s.records, projectId, backup.vaultId);
  const binding = await bindingNamed(s.records, backup);
  const busy = obstacle("delete", {
    backup: backup.status,
    vault: vault.status,
    ...(binding && { resources: [binding.status] }),
  });
  if (busy !== undefined && (!busy.newestOnly || (await isNewest(s, projectId, backup)))) fault(busy.code, busy.why);
  // One that a person took back from the trash had left by its rule: nothing but a person's word lets it go again.
  const byRuleOnly = backup.autoTrigger && backup.status === "available" && backup.hold === undefined;
  if (vault.locked && byRuleOnly && told.by === "user")
    fault("6220", "the vault is locked: an automatic backup goes only when it expires");

  const now = s.now();
  const task: Task = {
    schema: 1,
    id: taskId,
    projectId,
    type: "delete",
    status: "running",
    requestId: ask.requestId,
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
  // A second try of a deletion that failed: what was good before the first one is so still.
  const from = backup.leaving?.from ?? (backup.status === "error" ? "error" : "available");
  const leaving = { told, from, at: now };
  // Loses to whoever starts something in the vault, or takes the backup, meanwhile; then all is read again. The vault is
  // only checked: deletions do not get in each other's way, and nothing has to lose to one.
  await s.records.transact([
    { op: "check", key: vaultKey(vault.id), if: { v: vault.v } },
    ...(await stillThere(s, ask)),
    replace(backups, { ...backup, status: next(BACKUP, backup.status, "delete"), updatedAt: now, leaving }),
    insert(tasks, task),
    watchRun(now, { workflow: "delete-backup", name: taskId, input: { backupId, taskId } }),
    // A person's request has its own trace.
    ...(told.by === "user" ? [] : [await traceWrite(s, byItself("deleteBackup", asBackup(backup), ask), DONE)]),
  ]);
}

/** A person who deletes the last good backup wins over a rule that would delete the one before it. @throws Fault 6216 */
async function stillThere(s: Services, { restsOn }: Deletion): Promise<readonly Write[]> {
  if (restsOn === undefined) return [];
  const other = await load(s.records, backups, backupKey(restsOn));
  if (other === undefined || (other.status !== "available" && other.status !== "restoring"))
    return fault("6216", `the plan counted on backup ${restsOn}, which is not there any more`);
  return [{ op: "check", key: backupKey(restsOn), if: { v: other.v } }];
}

/**
 * Whether it is available and no newer available backup of the resource exists in the vault (RET-15, DEL-04). The index may
 * lag: it may know this backup as unfinished still, so an older one that it names proves nothing.
 */
async function isNewest(s: Services, projectId: string, backup: Backup): Promise<boolean> {
  if (backup.status !== "available") return false;
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
