/** Puts restored disks in place of the live ones, where a live disk cannot be written: make them, swap, and remember which. */
import type { Write } from "../../ports/record-store.ts";
import type { Replacement } from "../../ports/restore-targets.ts";
import { beat } from "../lifeline.ts";
import type { Binding, Claim } from "../records/entities.ts";
import { claimKey } from "../records/keys.ts";
import type { OpenRun } from "../records/runs.ts";
import { bindings, insertAt, replace, runs } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { keepWaiting, loadLeased, loadRestore, marked, type RestoreRef, restoringOf } from "./open-restore.ts";

/** What the provider calls the disk. */
const providerId = (disk: OpenRun["disks"][number]): string => disk.currentId ?? disk.diskId;

/** Makes the new disks. Nothing live has changed when it is done, but the resource is marked: the swap comes next. */
export async function replaceDisks(s: Services, ref: RestoreRef): Promise<{ readonly done: boolean }> {
  await beat(s, () => loadRestore(s, ref));
  const run = await loadRestore(s, ref);
  await loadLeased(s, run);
  const { done, replacements } = await s.targets.replacements(restoringOf(run));
  if (!done) {
    await keepWaiting(s, ref, "the new disks are not there");
    return { done };
  }
  // A new disk that takes nobody's place would be a restore that changed nothing.
  const left = run.disks.find(
    (disk) => disk.target?.mode === "fresh" && !replacements.some(({ from }) => from === providerId(disk)),
  );
  if (left !== undefined) throw new Error(`restore ${run.id}: nothing takes the place of disk ${left.diskId}`);
  if (replacements.length === 0) return { done };
  return withFreshState(async () => {
    const fresh = await loadRestore(s, ref);
    const binding = await loadLeased(s, fresh);
    // One transaction: whoever finds the swap half done knows which disks it was about.
    await s.records.transact([
      replace(runs, { ...fresh, replacements: [...replacements], marked: fresh.marked ?? !binding.restoreIncomplete }),
      replace(bindings, { ...binding, ...marked(binding, fresh) }),
    ]);
    return { done };
  });
}

/** @throws RunClosed, ProviderUnavailable, TargetUnusable */
export async function swapDisks(s: Services, ref: RestoreRef): Promise<{ readonly done: boolean }> {
  // Tries that end in errors one after the other must not look dead: the tick would put disks back while this one moves them.
  await beat(s, () => loadRestore(s, ref));
  const run = await loadRestore(s, ref);
  await loadLeased(s, run);
  const { replacements } = run;
  if (replacements === undefined) return { done: true };
  const { done } = await s.targets.swap({ ...restoringOf(run), replacements, powerOn: run.powerOn ?? true });
  if (!done) await keepWaiting(s, ref, "the new disks are not in place");
  return { done };
}

/** Which disks stand in place of others now; asked before the records say so, also when the restore failed half-way. */
export const swappedIn = async (s: Services, run: OpenRun): Promise<readonly Replacement[]> =>
  run.replacements === undefined ? [] : s.targets.inPlace({ ...restoringOf(run), replacements: run.replacements });

/**
 * The binding with these disks in place. Clients go on with the first ids (bound-resource.ts); the new disks are claimed as
 * well, and no change list is asked for across a swap.
 */
export function withDisks(
  run: OpenRun,
  binding: Binding,
  swapped: readonly Replacement[],
): Pick<Binding, "replaced" | "kept" | "claimedDisks"> | undefined {
  if (swapped.length === 0) return undefined;
  const replaced = { ...binding.replaced };
  const kept = { ...binding.kept };
  for (const { from, to } of swapped) {
    const first = run.disks.find((disk) => providerId(disk) === from)?.diskId ?? from;
    replaced[first] = to;
    delete kept[first];
  }
  const claimedDisks = [...new Set([...binding.claimedDisks, ...swapped.map(({ to }) => to)])];
  return { replaced, kept, claimedDisks };
}

/** Claims for disks that are in place now. `saga` of a claim made by one transaction names that transaction's task. */
export async function claimsOf(s: Services, run: OpenRun, swapped: readonly Replacement[]): Promise<readonly Write[]> {
  const keys = swapped.map(({ to }) => claimKey(run.projectId, to));
  const standing = keys.length === 0 ? [] : await s.records.getMany(keys, { consistent: true });
  return keys.flatMap((key, i) => {
    // Claimed already: by this restore's earlier try, or by somebody who was quicker to bind the new disk by itself.
    if (standing[i] !== undefined) return [];
    const claim: Claim = { schema: 1, vaultId: run.vaultId, via: run.resourceId, saga: run.id, madeAt: s.now() };
    return [insertAt({ key }, claim)];
  });
}
