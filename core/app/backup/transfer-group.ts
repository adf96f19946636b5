/** Works one group of leaves of a captured disk, from a cursor, for a bounded time: the loop of the workflow's map. */
import type { SnapshotRef } from "../../ports/blocks.ts";
import { ChangeListWrong, type TransferResult, type TransferUnit } from "../../ports/data-plane.ts";
import { ConditionFailed, type RecordStore } from "../../ports/record-store.ts";
import { beat, whileOpen } from "../lifeline.ts";
import { bindingKey, confirmedKey, publishedKey, type UnitPlace } from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import { type OpenRun, UnitResult } from "../records/runs.ts";
import { bindings, insertAt, load, RESULT_TTL_SECONDS, replace } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { collectDaily } from "../time/collections.ts";
import { groupsOf, loadRun, RunClosed, type RunRef } from "./run.ts";

/** Attempts at one unit in one call. Each further one means that a collection condemned something just then: once a day at most. */
const ATTEMPTS = 3;

/** What every attempt referred to was condemned before it could be confirmed. Worth a retry. */
class ResultVoid extends Error {
  override readonly name = "ResultVoid";
}

export interface TransferAsk extends RunRef {
  readonly attempt: number;
  /** Number of the group in the plan. */
  readonly group: number;
  /** First leaf still to do; -1 = the group's first. */
  readonly cursor: number;
}

/**
 * Does one unit, publishes its result and confirms it; the first confirmed attempt wins and a twin that was slower returns
 * the winner's cursor. Before it is confirmed a result is looked over once more: if a collection has condemned what it refers to,
 * it is taken back and the unit is done again (docs/developer/collection.md, "Writers").
 * @throws RunClosed, SourceChanged, ChangeListWrong, ResultVoid, StoreFull, StoreFailed, Interrupted
 */
export async function transferGroup(
  s: Services,
  ask: TransferAsk,
  signal?: AbortSignal,
): Promise<{ readonly cursor: number; readonly done: boolean }> {
  const { backup, run } = await loadRun(s, ask);
  if (run.capture === undefined || run.attempt !== ask.attempt)
    throw new RunClosed(`attempt ${ask.attempt} of backup ${ask.backupId} was given up`);
  const group = groupsOf(run)[ask.group];
  const snapshot = group && run.capture.disks[group.disk];
  const disk = group && run.disks[group.disk];
  if (group === undefined || snapshot === undefined || disk === undefined)
    throw new Error(`backup ${ask.backupId} has no group ${ask.group}`);

  const firstLeaf = ask.cursor < 0 ? group.firstLeaf : ask.cursor;
  const place: UnitPlace = { runId: run.id, fence: run.fence, attempt: run.attempt, disk: group.disk, firstLeaf };
  const after = (endLeaf: number) => ({ cursor: endLeaf, done: endLeaf >= group.endLeaf });
  const earlier = await confirmed(s.records, place);
  if (earlier !== undefined) return after(earlier.endLeaf);

  const open = async () => (await loadRun(s, ask)).run;
  await collectDaily(s, backup.domainId, backup.projectId);
  const unit: TransferUnit = {
    domain: await s.keyring.openOrCreate(backup.domainId),
    snapshot: sinceParent(snapshot, disk),
    firstLeaf,
    endLeaf: group.endLeaf,
    ...(disk.parentRoot !== undefined && { parentRoot: disk.parentRoot }),
    level: s.tuning.level,
    budgetMs: s.tuning.unitBudgetMs,
  };
  for (let n = 1; n <= ATTEMPTS; n++) {
    const result = await whileOpen(s, run.taskId, open, (hooks) => transferred(s, run, disk, unit, hooks), signal);
    // Work is counted when it was done, also if a twin's result wins below: these are costs, not facts about a backup.
    for (const kind of ["read", "changed", "stored"] as const)
      s.metrics.count(`backup_${kind}_bytes`, result.counts[kind]);
    const winner = await settle(s, unit, place, result);
    if (winner === undefined) continue;
    await beat(s, open);
    return after(winner.endLeaf);
  }
  throw new ResultVoid(`unit at leaf ${firstLeaf} of ${disk.diskId} referred to condemned packs ${ATTEMPTS} times`);
}

/** A change list that lied is not believed again: the next run reads everything. This run fails. */
async function transferred(
  s: Services,
  run: OpenRun,
  disk: OpenRun["disks"][number],
  unit: TransferUnit,
  hooks: Parameters<Services["dataPlane"]["transfer"]>[1],
): Promise<TransferResult> {
  try {
    return await s.dataPlane.transfer(unit, hooks);
  } catch (error) {
    if (error instanceof ChangeListWrong) await distrust(s, run, disk.diskId);
    throw error;
  }
}

/** Forgets the capture that changes are asked against; the provider's sweep frees it, since no binding names it any more. */
const distrust = (s: Services, run: OpenRun, diskId: string): Promise<void> =>
  withFreshState(async () => {
    const binding = await load(s.records, bindings, bindingKey(run.vaultId, run.resourceId));
    if (binding?.kept?.[diskId] === undefined) return;
    const { [diskId]: _wrong, ...kept } = binding.kept;
    await s.records.write(replace(bindings, { ...binding, kept }));
  });

/**
 * Publishes the result of one attempt, looks it over and confirms it. @returns the result that counts, or undefined when this
 * one is void
 */
async function settle(
  s: Services,
  unit: TransferUnit,
  place: UnitPlace,
  { firstLeaf, endLeaf, counts, payload }: TransferResult,
): Promise<UnitResult | undefined> {
  const stored: UnitResult = {
    schema: 1,
    firstLeaf,
    endLeaf,
    counts,
    payload: Buffer.from(payload).toString("base64"),
  };
  const ttl = Math.floor(s.now() / 1000) + RESULT_TTL_SECONDS;
  // Published first: whoever marks from now on sees what this unit wrote. Random attempt id, so nobody else writes this key.
  const key = publishedKey(place, s.newId());
  await s.records.write(insertAt({ key, ttl }, stored));
  const avoided = await s.dataPlane.avoided(unit.domain, payload);
  if (avoided.length === 0) return confirm(s.records, place, stored, ttl);
  s.log({ level: "info", text: "a unit's result is void: a collection came in between", ...place, avoided });
  // Ours alone, by its attempt id: that it is gone already can only be our own doing.
  await s.records.write({ op: "delete", key, if: "any" });
  return undefined;
}

/**
 * What changed since the parent is only asked for when everything fits: the kept capture is that of the parent's root, of
 * this very disk (not of one that a restore replaced), and of its size. In any doubt everything is read (design §5).
 */
function sinceParent(snapshot: SnapshotRef, disk: OpenRun["disks"][number]): SnapshotRef {
  const { kept } = disk;
  const fits =
    kept !== undefined &&
    snapshot.comparable === true &&
    kept.rootId === disk.parentRoot &&
    kept.size === snapshot.size &&
    kept.currentId === snapshot.diskId;
  return fits ? { ...snapshot, since: { snapshotId: kept.snapshotId } } : snapshot;
}

async function confirmed(records: RecordStore, place: UnitPlace): Promise<UnitResult | undefined> {
  const item = await records.get(confirmedKey(place), { consistent: true });
  return item && parseItem(UnitResult, item);
}

/** Loses to a twin that confirmed first; then the twin's result counts and this one's packs are garbage. */
async function confirm(records: RecordStore, place: UnitPlace, mine: UnitResult, ttl: number): Promise<UnitResult> {
  try {
    await records.write(insertAt({ key: confirmedKey(place), ttl }, mine));
    return mine;
  } catch (error) {
    if (error instanceof ConditionFailed && error.current !== undefined) return parseItem(UnitResult, error.current);
    throw error;
  }
}
