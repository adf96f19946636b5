/** The tasks of removing resources and deleting vaults: backups go in batches, then bindings and claims, then the vault. */

import { next, RESOURCE, TASK, VAULT } from "../../domain/state-machines.ts";
import type { Notice } from "../../ports/notifier.ts";
import type { Write } from "../../ports/record-store.ts";
import { withoutLease } from "../backup/seal-run.ts";
import { deleteOne } from "../delete/delete-one.ts";
import { type CaughtError, failureOf } from "../failure.ts";
import { Backup, type Binding, type Task } from "../records/entities.ts";
import { bindingKey, byResource, taskKey, vaultKey } from "../records/keys.ts";
import { parseItem, type Versioned } from "../records/record.ts";
import { bindings, load, remove, replace, tasks, vaults } from "../records/tables.ts";
import { sweepRoots } from "../repository/intents.ts";
import { defaultDomain } from "../repository/keyring.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { tell, tellOfVault } from "../tell.ts";
import { loadBindings } from "./load-vault.ts";
import { releases } from "./show-vault.ts";
import { removing } from "./start-remove-resources.ts";

/** Deletions of one task, over all resources: each is a few small writes and up to 24 root comparisons. */
const BATCH = 50;

interface Batch {
  readonly done: boolean;
}

async function runningTask(s: Services, taskId: string): Promise<Versioned<Task> | undefined> {
  const task = await load(s.records, tasks, taskKey(taskId));
  return task?.status === "running" ? task : undefined;
}

/** One batch of a resource's removal (VLT-28). Idempotent; `done` once binding and claims are gone and the task has ended. */
export async function removeResourceBatch(s: Services, { taskId }: { readonly taskId: string }): Promise<Batch> {
  const task = await runningTask(s, taskId);
  if (task?.vaultId === undefined || task.resource === undefined) return { done: true };
  const binding = await load(s.records, bindings, bindingKey(task.vaultId, task.resource.id));
  if (binding !== undefined && !(await removeBinding(s, binding, { deletions: BATCH }))) return { done: false };
  await withFreshState(() => succeed(s, taskId, []));
  await sweepRoots(s, defaultDomain(task.projectId));
  return { done: true };
}

/** One batch of a vault's deletion (VLT-09). Idempotent; `done` once the vault is gone and the task has ended. */
export async function deleteVaultBatch(s: Services, { taskId }: { readonly taskId: string }): Promise<Batch> {
  const task = await runningTask(s, taskId);
  if (task?.vaultId === undefined) return { done: true };
  const vaultId = task.vaultId;
  const left = { deletions: BATCH };
  for (const binding of await loadBindings(s.records, vaultId)) {
    // Marked one by one: nothing else can take them any more, the vault is deleting.
    const marked = binding.status === "removing" ? binding : await mark(s, binding, taskId);
    if (marked !== undefined && !(await removeBinding(s, marked, left))) return { done: false };
  }
  const gone = await withFreshState(async () => {
    const vault = await load(s.records, vaults, vaultKey(vaultId));
    await succeed(s, taskId, vault === undefined ? [] : [remove(vaults, vault)]);
    return vault;
  });
  await sweepRoots(s, defaultDomain(task.projectId));
  // Whether its owner had silenced it is known from what it was.
  if (gone?.smnNotify === true)
    await tell(s, aboutVault(task, "info", "vault.deleted", "was deleted with everything in it"));
  return { done: true };
}

const aboutVault = (
  { id, projectId, vaultId = "", vaultName = vaultId }: Task,
  severity: "info" | "critical",
  topic: "vault.deleted" | "vault.delete-failed",
  what: string,
): Notice => ({
  severity,
  topic,
  projectId,
  message: `vault ${vaultName} ${what}`,
  facts: { task_id: id, vault_id: vaultId },
});

/**
 * The task is written as well: a call of it that outlived its time-out loses to the end of the task, and takes nothing that nobody
 * would give back (failRemoval). @throws Error when the task has ended
 */
const mark = (s: Services, { vaultId, resourceId }: Binding, taskId: string): Promise<Versioned<Binding> | undefined> =>
  withFreshState(async () => {
    const task = await runningTask(s, taskId);
    if (task === undefined) throw new Error(`task ${taskId} has ended`);
    const binding = await load(s.records, bindings, bindingKey(vaultId, resourceId));
    // Gone, or taken: by another call of this task.
    if (binding === undefined || binding.lease?.holder === taskId) return binding;
    const marked = removing(binding, taskId);
    await s.records.transact([replace(bindings, marked), replace(tasks, task)]);
    return { ...marked, v: binding.v + 1 };
  });

/**
 * Deletes as many of the resource's backups in this vault as are left to the task; with the last one gone, the binding and
 * its claims. The index may lag, the binding's count does not: only the count says that nothing is left.
 * @returns whether the binding is gone
 */
async function removeBinding(s: Services, binding: Binding, left: { deletions: number }): Promise<boolean> {
  const { vaultId, resourceId } = binding;
  for (const backupId of await backupsOf(s, binding, left.deletions + 1)) {
    if (left.deletions === 0) return false;
    left.deletions--;
    await deleteOne(s, backupId, async () => []);
  }
  return withFreshState(async () => {
    const binding = await load(s.records, bindings, bindingKey(vaultId, resourceId));
    if (binding === undefined) return true;
    if (binding.backups > 0) return false;
    const claimed = [...new Set([resourceId, ...binding.claimedDisks])];
    await s.records.transact([remove(bindings, binding), ...(await releases(s, binding, claimed))]);
    return true;
  });
}

async function backupsOf(
  s: Services,
  { projectId, vaultId, resourceId }: Binding,
  limit: number,
): Promise<readonly string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await s.records.query({
      index: "g3",
      pk: byResource(projectId, resourceId, "B", 0, "").pk,
      limit: 500,
      ...(cursor !== undefined && { cursor }),
    });
    for (const item of page.items) {
      const backup = parseItem(Backup, item);
      if (backup.vaultId === vaultId) found.push(backup.id);
    }
    cursor = page.cursor;
  } while (cursor !== undefined && found.length < limit);
  return found;
}

async function succeed(s: Services, taskId: string, also: readonly Write[]): Promise<void> {
  const task = await runningTask(s, taskId);
  const now = s.now();
  const end =
    task === undefined
      ? []
      : [replace(tasks, { ...task, status: next(TASK, task.status, "success"), endedAt: now, updatedAt: now })];
  if (end.length + also.length > 0) await s.records.transact([...end, ...also]);
}

/** The task fails with its reason; a vault or resource that is half removed is in error and can be removed again (VLT-12). */
export async function failRemoval(
  s: Services,
  {
    taskId,
    error,
    status,
  }: { readonly taskId: string; readonly error: CaughtError; readonly status?: "failed" | "timeout" },
): Promise<void> {
  const failed = await withFreshState(async () => {
    const task = await runningTask(s, taskId);
    if (task?.vaultId === undefined) return undefined;
    const vault = await load(s.records, vaults, vaultKey(task.vaultId));
    const held = (await loadBindings(s.records, task.vaultId)).filter((b) => b.lease?.holder === taskId);
    const now = s.now();
    // A vault's bindings may be more than a transaction takes; each is given back by itself first, the task ends last.
    for (const binding of held) {
      await s.records.write(
        replace(bindings, { ...withoutLease(binding), status: next(RESOURCE, binding.status, "fail") }),
      );
    }
    await s.records.transact([
      replace(tasks, {
        ...task,
        status: next(TASK, task.status, status ?? "failed"),
        endedAt: now,
        updatedAt: now,
        error: failureOf(error),
      }),
      ...(vault?.deletingTask === taskId
        ? [replace(vaults, { ...vault, status: next(VAULT, vault.status, "fail"), updatedAt: now })]
        : []),
    ]);
    return task;
  });
  if (failed?.type !== "vault_delete") return;
  const what = `was not deleted: ${failureOf(error).message}`;
  await tellOfVault(s, failed.vaultId ?? "", aboutVault(failed, "critical", "vault.delete-failed", what));
}
