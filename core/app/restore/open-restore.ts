/** An open restore as its tasks see it: loaded by its task's id, refused once it is closed or has lost its resource. */

import type { Group } from "../../domain/plan.ts";
import type { TargetRef } from "../../ports/blocks.ts";
import type { Restoring } from "../../ports/restore-targets.ts";
import { groupsOf, RunClosed } from "../backup/run.ts";
import type { Binding } from "../records/entities.ts";
import { backupKey, bindingKey, runKey } from "../records/keys.ts";
import type { Versioned } from "../records/record.ts";
import type { OpenRun } from "../records/runs.ts";
import { backups, bindings, load, replace, runs } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";

export interface RestoreRef {
  readonly backupId: string;
  readonly taskId: string;
}

/** @throws RunClosed */
export async function loadRestore(s: Services, ref: RestoreRef): Promise<Versioned<OpenRun>> {
  const backup = await load(s.records, backups, backupKey(ref.backupId));
  const run = backup && (await load(s.records, runs, runKey(backup.domainId, ref.taskId)));
  if (run === undefined) throw new RunClosed(`restore ${ref.taskId} is closed`);
  return run;
}

/** The binding that the restore holds. @throws RunClosed */
export async function loadLeased(s: Services, run: OpenRun): Promise<Versioned<Binding>> {
  const binding = await load(s.records, bindings, bindingKey(run.vaultId, run.resourceId));
  if (binding?.lease?.holder !== run.id || binding.fence !== run.fence)
    throw new RunClosed(`restore ${run.id} lost its lease`);
  return binding;
}

/** One unit of a group: what the tasks of restore-group and compare-group are asked for. */
export interface GroupAsk extends RestoreRef {
  /** Number of the group in the plan. */
  readonly group: number;
  /** First leaf still to do; -1 = the group's first. */
  readonly cursor: number;
}

/** The group and its disk, while the restore holds its resource. @throws RunClosed */
export async function loadGroup(
  s: Services,
  ask: GroupAsk,
): Promise<{ readonly run: OpenRun; readonly group: Group; readonly disk: OpenRun["disks"][number] }> {
  const run = await loadRestore(s, ask);
  await loadLeased(s, run);
  const group = groupsOf(run)[ask.group];
  const disk = group && run.disks[group.disk];
  if (group === undefined || disk === undefined) throw new Error(`restore ${ask.taskId} has no group ${ask.group}`);
  return { run, group, disk };
}

/** The restore in the terms of RestoreTargets. */
export const restoringOf = (run: OpenRun): Restoring => ({
  restoreId: run.id,
  owner: { domainId: run.domainId, vaultId: run.vaultId, resourceId: run.resourceId },
  targets: run.disks.map((disk) => targetOf(run, disk)),
});

export function targetOf(run: OpenRun, disk: OpenRun["disks"][number]): TargetRef {
  if (disk.target === undefined) throw new Error(`restore ${run.id} has no target for disk ${disk.diskId}`);
  return disk.target;
}

/** A provider completes a snapshot of 64 TiB and makes a volume of it in less; and a workflow's history has an end. */
const LONGEST_WAIT_MS = 72 * 3600 * 1000;

/** The provider is not done yet: shows that the restore lives. @throws Error when it has waited too long, RunClosed */
export const keepWaiting = (s: Services, ref: RestoreRef, what: string): Promise<void> =>
  withFreshState(async () => {
    const run = await loadRestore(s, ref);
    const now = s.now();
    const waitingSince = run.waitingSince ?? now;
    if (now - waitingSince > LONGEST_WAIT_MS) throw new Error(`${what} after 72 hours`);
    await s.records.write(replace(runs, { ...run, waitingSince, heartbeat: now }));
  });

type Mark = Pick<Binding, "restoreIncomplete" | "incompleteDisks">;

/** The resource as one that this restore may leave between two states. */
export const marked = (binding: Binding, run: OpenRun): Mark => ({
  restoreIncomplete: true,
  incompleteDisks: [...new Set([...(binding.incompleteDisks ?? []), ...run.disks.map((disk) => disk.diskId)])],
});

/** The resource after this restore has finished: whole, unless an earlier one left a disk that this one did not write. */
export function mended(binding: Binding, run: OpenRun): Mark {
  const written = new Set(run.disks.map((disk) => disk.diskId));
  const left = (binding.incompleteDisks ?? []).filter((id) => !written.has(id));
  return { restoreIncomplete: left.length > 0, incompleteDisks: left };
}
