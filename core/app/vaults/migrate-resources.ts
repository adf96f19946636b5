/** POST migrateresources: moves resources to another vault at once; their backups follow (VLT-40..44). */
import { badField, fault } from "../../domain/fault.ts";
import { checkMigration, type MigrationVault } from "../../domain/migration.ts";
import { refuseObstacle } from "../../domain/obstacle.ts";
import type { ObjectType } from "../../domain/resource-types.ts";
import { checkResourceCount, MAX_RESOURCES } from "../../domain/vault-rules.ts";
import type { Write } from "../../ports/record-store.ts";
import type { Binding, Task } from "../records/entities.ts";
import { claimKey } from "../records/keys.ts";
import type { Versioned } from "../records/record.ts";
import { bindings, insert, insertAt, remove, replace, replaceAt, tasks, vaults } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { usedBytes } from "./load-vault.ts";
import { continueMigration, migrationDue } from "./run-migration.ts";
import { loadClaims, MAX_WRITES } from "./sagas.ts";
import { showVault, type VaultWithBindings } from "./show-vault.ts";

export interface MigrationAsk {
  readonly source: string;
  readonly destination: string;
  readonly resourceIds: readonly string[];
}

/** Backups that follow before the request is answered; the tick moves the rest. Some seconds of the request's time. */
const AT_ONCE = 200;

/**
 * Binding, claims and `used` of a resource move in one transaction, so that it is always in exactly one vault and its room is
 * taken at once. Its backups follow one by one, and it takes no other work until they have. All resources are checked before
 * the first is taken; as many as fit one transaction are all or nothing.
 * @throws Fault 6105, 6112, 6110, 6102, 6119, 6104, 6135, 6125, 6134, 6129, 6100, 9900
 */
export async function migrateResources(s: Services, caller: Caller, ask: MigrationAsk): Promise<void> {
  if (new Set(ask.resourceIds).size < ask.resourceIds.length) fault("6104", "resource_ids: a resource is named twice");
  if (ask.source === ask.destination) badField("destination_vault_id", "must be another vault");
  const { chosen } = await check(s, caller, ask, ask.resourceIds);
  let left = AT_ONCE;
  for (const ids of chunks(chosen)) {
    for (const task of await withFreshState(() => take(s, caller, ask, ids))) {
      if (left > 0) await follow(s, task.id, left);
      left -= task.totals?.total ?? 0;
    }
  }
}

/** What cannot be done now is due anyway. */
async function follow(s: Services, taskId: string, most: number): Promise<void> {
  try {
    await continueMigration(s, { taskId, most });
  } catch (error) {
    s.log({ level: "warn", text: "backups of a moved resource follow later", taskId, error: String(error) });
  }
}

/** Binding twice, claim, task and due row, and the claims of its disks. */
const writesOf = ({ claimedDisks }: Binding): number => 5 + claimedDisks.length;

function chunks(chosen: readonly Binding[]): string[][] {
  const all: string[][] = [];
  let room = 0;
  for (const binding of chosen) {
    if (writesOf(binding) > room) {
      all.push([]);
      room = MAX_WRITES - 2;
    }
    all.at(-1)?.push(binding.resourceId);
    room -= writesOf(binding);
  }
  return all;
}

async function check(s: Services, caller: Caller, ask: MigrationAsk, ids: readonly string[]) {
  const source = await showVault(s, caller.projectId, ask.source);
  const destination = await showVault(s, caller.projectId, ask.destination);
  const bound = new Map(source.bindings.map((b) => [b.resourceId, b]));
  const chosen = ids.map((id) => bound.get(id) ?? fault("6135", `resource ${id} is not in this vault`));
  for (const { vault } of [source, destination])
    refuseObstacle("migrate", { vault: vault.status }, `vault ${vault.id}`);
  for (const { resourceId, status } of chosen)
    refuseObstacle("migrate", { resources: [status] }, `resource ${resourceId}`);
  // VLT-40: no task in either vault; those that this request has just moved are no obstacle.
  for (const { resourceId, status, vaultId } of [...source.bindings, ...destination.bindings])
    if (!ask.resourceIds.includes(resourceId))
      refuseObstacle("migrate", { elsewhere: [status] }, `resource ${resourceId} of vault ${vaultId}`);
  checkMigration(sideOf(source), sideOf(destination), usedBytes(chosen));
  checkResourceCount(destination.bindings.length + chosen.length, MAX_RESOURCES);
  return { source, destination, chosen };
}

const sideOf = ({ vault, bindings: bound }: VaultWithBindings): MigrationVault => ({
  id: vault.id,
  locked: vault.locked,
  kind: { ...vault.billing, objectType: vault.billing.objectType as ObjectType },
  size: vault.billing.size,
  used: usedBytes(bound),
});

async function take(s: Services, caller: Caller, ask: MigrationAsk, ids: readonly string[]): Promise<readonly Task[]> {
  const { source, destination, chosen } = await check(s, caller, ask, ids);
  const now = s.now();
  const started: Task[] = [];
  // Both vaults go with it under the versions read: whoever starts, binds or deletes something in one of them makes this
  // begin again, and so does a migration that takes the same room.
  const writes: Write[] = [replace(vaults, source.vault), replace(vaults, destination.vault)];
  for (const binding of chosen) {
    const task: Task = {
      schema: 1,
      id: s.newId(),
      projectId: caller.projectId,
      type: "migrate_resource",
      status: "running",
      requestId: caller.requestId,
      vaultId: source.vault.id,
      vaultName: source.vault.name,
      resource: { id: binding.resourceId, type: binding.resourceType, name: binding.name },
      target: { id: destination.vault.id, name: destination.vault.name },
      totals: { total: binding.backups, failed: 0 },
      createdAt: now,
      startedAt: now,
      updatedAt: now,
    };
    started.push(task);
    writes.push(
      remove(bindings, binding),
      insert(bindings, moved(binding, destination.vault.id, task.id)),
      ...(await claimsMoved(s, binding, destination.vault.id, task.id)),
      insert(tasks, task),
      insertAt({ key: migrationDue(task) }, { schema: 1, workflow: "migrate", name: task.id, input: {} }),
    );
  }
  await s.records.transact(writes);
  return started;
}

/** The binding as it is in its new vault until its backups have followed. */
const moved = (binding: Versioned<Binding>, vaultId: string, taskId: string): Binding => ({
  ...binding,
  vaultId,
  status: "migrating",
  migration: { from: binding.vaultId, status: binding.status === "error" ? "error" : "available" },
  lease: { holder: taskId, kind: "migrate" },
  fence: binding.fence + 1,
});

async function claimsMoved(s: Services, binding: Binding, vaultId: string, taskId: string): Promise<Write[]> {
  const { projectId, resourceId } = binding;
  const claims = await loadClaims(s.records, projectId, [...new Set([resourceId, ...binding.claimedDisks])]);
  return [...claims]
    .filter(([, claim]) => claim.vaultId === binding.vaultId && claim.via === resourceId)
    .map(([id, claim]) => replaceAt({ key: claimKey(projectId, id) }, { ...claim, vaultId, saga: taskId }));
}
