/** Compares one group of a restored disk with its backup, for a bounded time: the read-back of targets that are only written. */
import { groupsOf } from "../backup/run.ts";
import { beat, whileOpen } from "../lifeline.ts";
import type { Services } from "../services.ts";
import { loadLeased, loadRestore, type RestoreRef } from "./open-restore.ts";

/** @throws RunClosed, SourceDiffers, Damaged, StoreFailed, ProviderUnavailable, Interrupted */
export async function compareGroup(
  s: Services,
  ask: RestoreRef & { readonly group: number; readonly cursor: number },
  signal?: AbortSignal,
): Promise<{ readonly cursor: number; readonly done: boolean }> {
  const run = await loadRestore(s, ask);
  await loadLeased(s, run);
  const group = groupsOf(run)[ask.group];
  const disk = group && run.disks[group.disk];
  if (group === undefined || disk === undefined) throw new Error(`restore ${ask.taskId} has no group ${ask.group}`);
  // Read back as it was written.
  if (disk.readBack === undefined) return { cursor: group.endLeaf, done: true };
  const open = () => loadRestore(s, ask);
  const unit = {
    domain: await s.keyring.open(run.domainId),
    rootId: disk.rootId,
    source: disk.readBack,
    firstLeaf: ask.cursor < 0 ? group.firstLeaf : ask.cursor,
    endLeaf: group.endLeaf,
    budgetMs: s.tuning.unitBudgetMs,
  };
  const result = await whileOpen(s, run.taskId, open, (hooks) => s.dataPlane.compare(unit, hooks), signal);
  await beat(s, open);
  return { cursor: result.endLeaf, done: result.endLeaf >= group.endLeaf };
}
