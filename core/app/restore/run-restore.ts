/** The tasks of a restore: begin (marks the resource half restored), units, conclude, fail. */
import { leavesOf } from "../../domain/plan.ts";
import { BACKUP, next, RESOURCE, TASK } from "../../domain/state-machines.ts";
import { ProviderUnavailable } from "../../ports/blocks.ts";
import { Damaged } from "../../ports/data-plane.ts";
import { groupsOf, RunClosed } from "../backup/run.ts";
import { withoutLease } from "../backup/seal-run.ts";
import { type CaughtError, failureOf } from "../failure.ts";
import { beat, whileOpen } from "../lifeline.ts";
import { backupKey, bindingKey, runKey, taskKey } from "../records/keys.ts";
import type { OpenRun } from "../records/runs.ts";
import { backups, bindings, load, remove, replace, runs, tasks } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { tellOfVault } from "../tell.ts";
import {
  type GroupAsk,
  loadGroup,
  loadLeased,
  loadRestore,
  marked,
  mended,
  type RestoreRef,
  restoringOf,
  targetOf,
} from "./open-restore.ts";
import { claimsOf, swappedIn, withDisks } from "./replace-disks.ts";

/** All disks together; well within the task's time-out of 60 s, also behind a unit that works already. */
const LOOK_MS = 10_000;

/**
 * Whether everything is there is looked at, as far as that goes quickly, before anything is overwritten: what is on the
 * target may be all that its owner has.
 * @throws Damaged
 */
async function refuseDamaged(s: Services, run: OpenRun): Promise<void> {
  const domain = await s.keyring.open(run.domainId);
  for (const { rootId, size } of run.disks) {
    const { damaged } = await s.dataPlane.verify({
      domain,
      rootId,
      firstLeaf: 0,
      endLeaf: leavesOf(size),
      depth: "presence",
      budgetMs: LOOK_MS / run.disks.length,
    });
    const [first] = damaged;
    if (first !== undefined) throw new Damaged(first.object, `${first.reason}; nothing was written`);
  }
}

/**
 * Prepares what is written to. A resource that is overwritten is marked, durably and before the first byte, as one that may
 * hold half of two states: no backup of it until a restore has finished. @returns the number of groups of the map
 * @throws RunClosed, TargetUnusable, Damaged
 */
export const beginRestore = (s: Services, ref: RestoreRef): Promise<{ readonly groups: number }> =>
  withFreshState(async () => {
    const run = await loadRestore(s, ref);
    const binding = await loadLeased(s, run);
    // A target that was taken by somebody since the request is refused here, before it is marked.
    if (!binding.restoreIncomplete) {
      for (const disk of run.disks)
        await s.resources.target({ diskId: disk.currentId ?? disk.diskId, size: disk.size });
      await refuseDamaged(s, run);
    }
    const targets = await s.targets.prepare(restoringOf(run));
    const overwritten = targets.some(({ mode }) => mode === "overwrite");
    await s.records.transact([
      replace(runs, { ...run, disks: run.disks.map((disk, i) => ({ ...disk, target: targets[i] })) }),
      replace(bindings, { ...binding, ...(overwritten && marked(binding, run)) }),
    ]);
    return { groups: groupsOf(run).length };
  });

/**
 * Restores one group from a cursor for a bounded time. Writing twice is harmless; every block's id is checked before it is
 * written and read back from the target afterwards.
 * @throws RunClosed, Damaged, TargetUnusable, StoreFailed, Interrupted
 */
export async function restoreGroup(
  s: Services,
  ask: GroupAsk,
  signal?: AbortSignal,
): Promise<{ readonly cursor: number; readonly done: boolean }> {
  const { run, group, disk } = await loadGroup(s, ask);
  const target = targetOf(run, disk);
  const open = () => loadRestore(s, ask);
  const unit = {
    domain: await s.keyring.open(run.domainId),
    rootId: disk.rootId,
    target,
    firstLeaf: ask.cursor < 0 ? group.firstLeaf : ask.cursor,
    endLeaf: group.endLeaf,
    readBack: target.writeOnly !== true,
    budgetMs: s.tuning.unitBudgetMs,
  };
  const result = await whileOpen(s, run.taskId, open, (hooks) => s.dataPlane.restore(unit, hooks), signal);
  await beat(s, open);
  return { cursor: result.endLeaf, done: result.endLeaf >= group.endLeaf };
}

/** Every group has been written, compared and put in place: the resource is whole again. Idempotent. */
export async function concludeRestore(s: Services, ref: RestoreRef): Promise<void> {
  const ended = await withFreshState(async () => {
    const task = await load(s.records, tasks, taskKey(ref.taskId));
    if (task === undefined || task.status !== "running") return undefined;
    const run = await loadRestore(s, ref);
    const binding = await loadLeased(s, run);
    const backup = await load(s.records, backups, backupKey(ref.backupId));
    if (backup === undefined) throw new RunClosed(`backup ${ref.backupId} is gone`);
    const swapped = await swappedIn(s, run);
    // Every swap was done: a provider that shows less does not show it yet.
    if (swapped.length < (run.replacements?.length ?? 0))
      throw new ProviderUnavailable(
        `restore ${run.id}: only ${swapped.length} of ${run.replacements?.length} disks are in place`,
      );
    const whole = mended(binding, run);
    const now = s.now();
    // One transaction: who reads `success` may start the next operation at once. Loses to any change since the reads.
    await s.records.transact([
      replace(backups, { ...backup, status: next(BACKUP, backup.status, "finish"), updatedAt: now }),
      replace(bindings, {
        ...withoutLease(binding),
        ...withDisks(run, binding, swapped),
        ...whole,
        status: next(RESOURCE, binding.status, whole.restoreIncomplete ? "breakOff" : "mend"),
      }),
      ...(await claimsOf(s, run, swapped)),
      replace(tasks, { ...task, status: next(TASK, task.status, "success"), endedAt: now, updatedAt: now }),
      remove(runs, run),
    ]);
    return { run, backup };
  });
  if (ended === undefined) return;
  const { run, backup } = ended;
  await abandon(s, run);
  await tellOfVault(s, run.vaultId, {
    severity: "info",
    topic: "restore.succeeded",
    projectId: backup.projectId,
    message: `restore of ${backup.name} to ${backup.resourceName} is complete`,
    facts: { task_id: ref.taskId, backup_id: backup.id, resource_id: run.resourceId, vault_id: run.vaultId },
  });
}

/** Frees what the restore made and does not need any more. @returns whether that worked; the sweep finds the rest by its tags */
async function abandon(s: Services, run: OpenRun): Promise<boolean> {
  try {
    await s.targets.abandon(restoringOf(run));
    return true;
  } catch (error) {
    s.log({ level: "warn", text: "what a restore made stays until the sweep", restore: run.id, error: String(error) });
    return false;
  }
}

/**
 * Undoes what can be undone of a restore that failed, before its failure is recorded: disks that had left their places are
 * put back. The workflow tries again when that does not work; the tick, which comes after it, does not wait for it.
 */
async function undo(s: Services, run: OpenRun | undefined, last: boolean): Promise<boolean> {
  if (run === undefined) return true;
  if (last) return abandon(s, run);
  await s.targets.abandon(restoringOf(run));
  return true;
}

/**
 * RST-05: the task fails, the backup is available again; a resource that was written to, or of which some disks were
 * replaced, stays marked. Idempotent. `status` is given by the tick, when the workflow could not end the restore itself.
 */
export async function failRestore(
  s: Services,
  ask: RestoreRef & { readonly error: CaughtError; readonly status?: "failed" | "timeout" },
): Promise<void> {
  const failed = await withFreshState(async () => {
    const task = await load(s.records, tasks, taskKey(ask.taskId));
    if (task === undefined || task.status !== "running") return undefined;
    const backup = await load(s.records, backups, backupKey(ask.backupId));
    const run = backup && (await load(s.records, runs, runKey(backup.domainId, ask.taskId)));
    const binding =
      task.resource && task.vaultId && (await load(s.records, bindings, bindingKey(task.vaultId, task.resource.id)));
    const undone = await undo(s, run, ask.status !== undefined);
    const swapped = run === undefined ? [] : await swappedIn(s, run);
    const untouched = run?.marked === true && undone && swapped.length === 0;
    const incomplete = binding !== undefined && binding !== "" && binding.restoreIncomplete && !untouched;
    const now = s.now();
    await s.records.transact([
      replace(tasks, {
        ...task,
        status: next(TASK, task.status, ask.status ?? "failed"),
        endedAt: now,
        updatedAt: now,
        error: failureOf(ask.error),
      }),
      ...(backup?.status === "restoring"
        ? [replace(backups, { ...backup, status: next(BACKUP, backup.status, "finish"), updatedAt: now })]
        : []),
      ...(run !== undefined ? [remove(runs, run)] : []),
      ...(binding && binding.lease?.holder === ask.taskId
        ? [
            replace(bindings, {
              ...withoutLease(binding),
              ...(run !== undefined && withDisks(run, binding, swapped)),
              restoreIncomplete: incomplete,
              ...(untouched && { incompleteDisks: [] }),
              status: next(RESOURCE, binding.status, incomplete ? "breakOff" : "mend"),
              fence: binding.fence + 1,
            }),
          ]
        : []),
      ...(run !== undefined ? await claimsOf(s, run, swapped) : []),
    ]);
    return task;
  });
  if (failed === undefined) return;
  await tellOfVault(s, failed.vaultId ?? "", {
    severity: "critical",
    topic: "restore.failed",
    projectId: failed.projectId,
    message: `restore of ${failed.backup?.name ?? ask.backupId} failed: ${failureOf(ask.error).message}`,
    facts: { task_id: ask.taskId, backup_id: ask.backupId },
  });
}
