/** POST backups/{id}/restore: records the restore, durably, and starts it. */
import { fault } from "../../domain/fault.ts";
import { refuseObstacle } from "../../domain/obstacle.ts";
import { SERVER } from "../../domain/resource-types.ts";
import { BACKUP, next, RESOURCE } from "../../domain/state-machines.ts";
import { TargetUnusable } from "../../ports/blocks.ts";
import { type Bound, findBoundDisks } from "../backup/bound-resource.ts";
import { loadBackup } from "../backup/load-backup.ts";
import { type Backup, Part, type Task } from "../records/entities.ts";
import { backupKey, PARTS } from "../records/keys.ts";
import type { OpenRun } from "../records/runs.ts";
import { backups, bindings, insert, listAll, replace, runs, tasks, vaults } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { watchRun } from "../time/due.ts";
import { bindingNamed } from "../vaults/home.ts";
import { loadVault } from "../vaults/load-vault.ts";
import { chooseTargets, type Pair, type RestoreRequest } from "./choose-targets.ts";

/**
 * Checks everything that can be checked before a byte is written, takes backup and resource, and starts the work.
 * @throws Fault 6200, 2005, 2010, 2002, 6134, 6202 and those of chooseTargets; nothing was changed then
 */
export async function startRestore(
  s: Services,
  caller: Caller,
  backupId: string,
  ask: RestoreRequest,
): Promise<{ readonly taskId: string }> {
  const taskId = s.newId();
  await withFreshState(() => record(s, caller, backupId, ask, taskId));
  // A crash before this line is mended by the watch that was written with the task.
  await s.workflows.start("restore", taskId, { backupId, taskId });
  return { taskId };
}

async function record(
  s: Services,
  caller: Caller,
  backupId: string,
  ask: RestoreRequest,
  taskId: string,
): Promise<void> {
  const backup = await loadBackup(s.records, caller.projectId, backupId);
  const vault = await loadVault(s.records, caller.projectId, backup.vaultId);
  const binding = await bindingNamed(s.records, backup);
  refuseObstacle("restore", {
    backup: backup.status,
    vault: vault.status,
    ...(binding && { resources: [binding.status] }),
  });
  if (binding === undefined) return fault("6135", `resource ${backup.resourceId} is no longer in the vault`);

  const bound = await findBoundDisks(s, binding);
  const resource = bound?.resource;
  const parts = await listAll(s.records, Part, backupKey(backupId).pk, PARTS);
  await refuseUnknownServer(s, backup, ask);
  const pairs = chooseTargets(backup, parts, ask, resource);
  const disks = await Promise.all(pairs.map((pair) => target(s, bound, pair)));

  const now = s.now();
  const fence = binding.fence + 1;
  const about = { id: backup.resourceId, type: backup.resourceType, name: resource?.name ?? backup.resourceName };
  const task: Task = {
    schema: 1,
    id: taskId,
    projectId: caller.projectId,
    type: "restore",
    status: "running",
    requestId: caller.requestId,
    vaultId: vault.id,
    vaultName: vault.name,
    enterpriseProjectId: vault.enterpriseProjectId,
    checkpointId: backup.checkpointId,
    resource: about,
    backup: { id: backup.id, name: backup.name },
    target: { id: about.id, name: about.name },
    totalBytes: disks.reduce((sum, d) => sum + d.size, 0),
    createdAt: now,
    startedAt: now,
    updatedAt: now,
  };
  const run: OpenRun = {
    schema: 1,
    id: taskId,
    kind: "restore",
    domainId: backup.domainId,
    projectId: caller.projectId,
    vaultId: vault.id,
    resourceId: backup.resourceId,
    backupId,
    taskId,
    fence,
    pins: disks.map((d) => d.rootId),
    attempt: 0,
    disks,
    mostGroups: s.tuning.mostGroups,
    powerOn: ask.powerOn,
    openedAt: now,
    heartbeat: now,
  };
  // Loses to whoever starts or deletes something in the vault, takes the backup or the resource; then all is read again.
  await s.records.transact([
    replace(vaults, vault),
    replace(backups, { ...backup, status: next(BACKUP, backup.status, "restore"), updatedAt: now }),
    replace(bindings, {
      ...binding,
      status: next(RESOURCE, binding.status, "restore"),
      lease: { holder: taskId, kind: "restore" },
      fence,
    }),
    insert(tasks, task),
    insert(runs, run),
    watchRun(now, { workflow: "restore", name: taskId, input: { backupId, taskId } }),
  ]);
}

/** RST-21: a server that does not exist is told from one that is not the backup's own (2003). */
async function refuseUnknownServer(s: Services, backup: Backup, ask: RestoreRequest): Promise<void> {
  const asked = ask.serverId ?? ask.resourceId;
  if (backup.resourceType !== SERVER || asked === undefined || asked === backup.resourceId) return;
  if ((await s.resources.find(asked))?.kind !== "server") fault("7100", `server ${asked} does not exist`);
}

async function target(s: Services, bound: Bound | undefined, { part, disk }: Pair): Promise<OpenRun["disks"][number]> {
  try {
    const current = bound?.currentId(disk.id) ?? disk.id;
    const ref = await s.resources.target({ diskId: current, size: part.size });
    return {
      diskId: disk.id,
      ...(current !== disk.id && { currentId: current }),
      name: disk.name,
      system: disk.system,
      size: part.size,
      rootId: part.id,
      nonZero: part.nonZero,
      target: ref,
    };
  } catch (error) {
    if (error instanceof TargetUnusable) return fault("2011", error.message, { cause: error });
    throw error;
  }
}
