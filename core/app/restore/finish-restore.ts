/** Task after the last byte was written: what was written becomes one readable state, to be compared with the backup. */
import { groupsOf } from "../backup/run.ts";
import { beat } from "../lifeline.ts";
import { replace, runs } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { keepWaiting, loadLeased, loadRestore, type RestoreRef, restoringOf } from "./open-restore.ts";

/**
 * @returns whether it is done, and how many groups are to be compared: none where every block was read back as it was written
 * @throws RunClosed, ProviderUnavailable
 */
export async function finishRestore(
  s: Services,
  ref: RestoreRef,
): Promise<{ readonly done: boolean; readonly groups: number }> {
  await beat(s, () => loadRestore(s, ref));
  const run = await loadRestore(s, ref);
  await loadLeased(s, run);
  const nonZero = run.disks.map((disk) => disk.nonZero ?? 0);
  const { done, readBack } = await s.targets.finish({ ...restoringOf(run), nonZero });
  if (!done) {
    await keepWaiting(s, ref, "what was written is not complete");
    return { done, groups: 0 };
  }
  // No comparison where one was expected is an error, never a restore that nobody checked.
  const expected = run.disks.filter((disk) => disk.target?.writeOnly === true).length;
  if (readBack.length !== expected)
    throw new Error(`restore ${run.id}: ${readBack.length} sources to compare, ${expected} disks were only written`);
  if (expected === 0) return { done, groups: 0 };
  return withFreshState(async () => {
    const fresh = await loadRestore(s, ref);
    const sources = [...readBack];
    const disks = fresh.disks.map((disk) => {
      const source = disk.target?.writeOnly === true ? sources.shift() : undefined;
      return source === undefined ? disk : { ...disk, readBack: source };
    });
    await s.records.write(replace(runs, { ...fresh, disks }));
    return { done, groups: groupsOf(fresh).length };
  });
}
