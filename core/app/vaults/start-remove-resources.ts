/** POST removeresources: records the dissociation of resources, durably, and starts it (VLT-28). */
import { fault } from "../../domain/fault.ts";
import { refuseObstacle } from "../../domain/obstacle.ts";
import { next, RESOURCE } from "../../domain/state-machines.ts";
import type { Write } from "../../ports/record-store.ts";
import type { Binding, Task } from "../records/entities.ts";
import type { Versioned } from "../records/record.ts";
import { bindings, insert, replace, tasks, vaults } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { watchRun } from "../time/due.ts";
import { showVault } from "./show-vault.ts";

/** Three writes a resource (binding, task, watch) and the vault: below DynamoDB's 100 a transaction. */
const PER_TRANSACTION = 30;

/**
 * Marks every resource as removing and starts one task each. Up to 30 resources are all or nothing; more go in chunks,
 * each checked before any is taken.
 * @throws Fault 6105, 6112, 6135, 6104, 6134, 6125, 2010, 6110 (locked vault, VLT-52)
 */
export async function startRemoveResources(
  s: Services,
  caller: Caller,
  vaultId: string,
  resourceIds: readonly string[],
): Promise<void> {
  const unique = new Set(resourceIds);
  if (unique.size < resourceIds.length) fault("6104", "resource_ids: a resource is named twice");
  const chunks: string[][] = [];
  for (let i = 0; i < resourceIds.length; i += PER_TRANSACTION) chunks.push(resourceIds.slice(i, i + PER_TRANSACTION));
  // All are checked before the first is taken.
  await check(s, caller, vaultId, resourceIds);
  for (const chunk of chunks) {
    const taskIds = await withFreshState(() => record(s, caller, vaultId, chunk));
    // A crash before this line is mended by the watches that were written with the tasks.
    for (const taskId of taskIds) await s.workflows.start("remove-resource", taskId, { taskId });
  }
}

async function check(s: Services, caller: Caller, vaultId: string, ids: readonly string[]) {
  const { vault, bindings: rows } = await showVault(s, caller.projectId, vaultId);
  refuseObstacle("remove", { vault: vault.status });
  if (vault.locked) fault("6110", "the vault is locked: its resources cannot be dissociated");
  const bound = new Map(rows.map((b) => [b.resourceId, b]));
  const chosen = ids.map((id) => {
    const binding = bound.get(id) ?? fault("6135", `resource ${id} is not in this vault`);
    refuseObstacle("remove", { resources: [binding.status] }, `resource ${id}`);
    return binding;
  });
  return { vault, chosen };
}

async function record(
  s: Services,
  caller: Caller,
  vaultId: string,
  ids: readonly string[],
): Promise<readonly string[]> {
  const { vault, chosen } = await check(s, caller, vaultId, ids);
  const now = s.now();
  const taskIds: string[] = [];
  const writes: Write[] = [replace(vaults, vault)];
  for (const binding of chosen) {
    const task: Task = {
      schema: 1,
      id: s.newId(),
      projectId: caller.projectId,
      type: "remove_resource",
      status: "running",
      requestId: caller.requestId,
      vaultId,
      vaultName: vault.name,
      enterpriseProjectId: vault.enterpriseProjectId,
      resource: { id: binding.resourceId, type: binding.resourceType, name: binding.name },
      totals: { total: binding.backups, failed: 0 },
      createdAt: now,
      startedAt: now,
      updatedAt: now,
    };
    taskIds.push(task.id);
    writes.push(
      replace(bindings, removing(binding, task.id)),
      insert(tasks, task),
      watchRun(now, { workflow: "remove-resource", name: task.id, input: { taskId: task.id } }),
    );
  }
  // Loses to whoever starts something in the vault meanwhile; then all is read again.
  await s.records.transact(writes);
  return taskIds;
}

/** The binding as it is while its backups go. */
export const removing = (binding: Versioned<Binding>, taskId: string): Versioned<Binding> => ({
  ...binding,
  status: next(RESOURCE, binding.status, "remove"),
  lease: { holder: taskId, kind: "remove" },
  fence: binding.fence + 1,
});
