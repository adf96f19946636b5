/** Compares one group of a restored disk with its backup, for a bounded time: the read-back of targets that are only written. */
import { beat, whileOpen } from "../lifeline.ts";
import type { Services } from "../services.ts";
import { type GroupAsk, loadGroup, loadRestore } from "./open-restore.ts";

/** @throws RunClosed, SourceDiffers, Damaged, StoreFailed, ProviderUnavailable, Interrupted */
export async function compareGroup(
  s: Services,
  ask: GroupAsk,
  signal?: AbortSignal,
): Promise<{ readonly cursor: number; readonly done: boolean }> {
  const { run, group, disk } = await loadGroup(s, ask);
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
