/** DELETE vaults/{id}: records the deletion of a vault with everything in it, durably, and starts it (VLT-08..10). */
import { fault } from "../../domain/fault.ts";
import { refuseObstacle } from "../../domain/obstacle.ts";
import { next, VAULT } from "../../domain/state-machines.ts";
import { releasingAll } from "../policies/bindings.ts";
import { Backup, type Task, type Vault } from "../records/entities.ts";
import { byVault } from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import { insert, replace, tasks, vaults } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { watchRun } from "../time/due.ts";
import { showVault } from "./show-vault.ts";

/** @throws Fault 6105, 6112 (status; a resource is being removed or moved), 6203 (backup or restore running), 6220 (locked) */
export async function startDeleteVault(s: Services, caller: Caller, vaultId: string): Promise<void> {
  const taskId = s.newId();
  await withFreshState(() => record(s, caller, vaultId, taskId));
  // A crash before this line is mended by the watch that was written with the task.
  await s.workflows.start("delete-vault", taskId, { taskId });
}

async function record(s: Services, caller: Caller, vaultId: string, taskId: string): Promise<void> {
  const { vault, bindings: bound } = await showVault(s, caller.projectId, vaultId);
  refuseObstacle("delete-vault", { vault: vault.status });
  for (const { resourceId, status } of bound)
    refuseObstacle("delete-vault", { resources: [status] }, `resource ${resourceId}`);
  const backups = bound.reduce((sum, b) => sum + b.backups, 0);
  await refuseLocked(s, vault, backups);

  const now = s.now();
  const task: Task = {
    schema: 1,
    id: taskId,
    projectId: caller.projectId,
    type: "vault_delete",
    status: "running",
    requestId: caller.requestId,
    vaultId,
    vaultName: vault.name,
    enterpriseProjectId: vault.enterpriseProjectId,
    totals: { total: backups, failed: 0 },
    createdAt: now,
    startedAt: now,
    updatedAt: now,
  };
  const { policies: _, ...unapplied } = vault;
  // Whoever starts something in the vault writes it too, so this loses to every start since the bindings were read.
  await s.records.transact([
    replace(vaults, {
      ...unapplied,
      status: next(VAULT, vault.status, "delete"),
      deletingTask: taskId,
      updatedAt: now,
    }),
    ...(await releasingAll(s, vault)),
    insert(tasks, task),
    watchRun(now, { workflow: "delete-vault", name: taskId, input: { taskId } }),
  ]);
}

/**
 * VLT-53: a locked vault stays while it holds an automatic backup that has not expired; without one it may go. The index may lag,
 * the count of `expected` backups does not: what is not listed yet may be one of these.
 */
async function refuseLocked(s: Services, vault: Vault, expected: number): Promise<void> {
  if (!vault.locked) return;
  let seen = 0;
  let cursor: string | undefined;
  do {
    const page = await s.records.query({
      index: "g2",
      pk: byVault(vault.id, "B", 0, "").pk,
      limit: 500,
      ...(cursor !== undefined && { cursor }),
    });
    for (const item of page.items) {
      const backup = parseItem(Backup, item);
      seen++;
      if (backup.autoTrigger && backup.status !== "error" && (backup.expiredAt ?? Number.POSITIVE_INFINITY) > s.now())
        fault("6220", `the vault is locked and holds automatic backup ${backup.id}, which has not expired`);
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  if (seen < expected)
    fault("6112", "the vault is locked and not all of its backups are listed yet: try again in a moment");
}
