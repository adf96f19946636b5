/** Works one group of leaves of a captured disk, from a cursor, for a bounded time: the loop of the workflow's map. */
import type { SnapshotRef } from "../../ports/blocks.ts";
import { ConditionFailed, type RecordStore } from "../../ports/record-store.ts";
import { beat, whileOpen } from "../lifeline.ts";
import { type OpenRun, UnitResult } from "../records/entities.ts";
import { confirmedKey, publishedKey, type UnitPlace } from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import { insertAt } from "../records/tables.ts";
import type { Services } from "../services.ts";
import { groupsOf, loadRun, RunClosed, type RunRef } from "./run.ts";

/** Unit results outlive their run by this long, for questions asked later. */
const RESULT_TTL_SECONDS = 7 * 24 * 3600;

export interface TransferAsk extends RunRef {
  readonly attempt: number;
  /** Number of the group in the plan. */
  readonly group: number;
  /** First leaf still to do; -1 = the group's first. */
  readonly cursor: number;
}

/**
 * Does one unit, publishes its result and confirms it; the first confirmed attempt wins and a twin that was slower returns
 * the winner's cursor.
 * @throws RunClosed, SourceChanged, StoreFull, StoreFailed, Interrupted
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
  const unit = {
    domain: await s.keyring.openOrCreate(backup.domainId),
    snapshot: sinceParent(snapshot, disk),
    firstLeaf,
    endLeaf: group.endLeaf,
    ...(disk.parentRoot !== undefined && { parentRoot: disk.parentRoot }),
    level: s.tuning.level,
    budgetMs: s.tuning.unitBudgetMs,
  };
  const result = await whileOpen(s, run.taskId, open, (hooks) => s.dataPlane.transfer(unit, hooks), signal);
  // Work is counted when it was done, also if a twin's result wins below: these are costs, not facts about a backup.
  for (const kind of ["read", "changed", "stored"] as const)
    s.metrics.count(`backup_${kind}_bytes`, result.counts[kind]);
  const stored: UnitResult = {
    schema: 1,
    firstLeaf: result.firstLeaf,
    endLeaf: result.endLeaf,
    counts: result.counts,
    payload: Buffer.from(result.payload).toString("base64"),
  };
  const ttl = Math.floor(s.now() / 1000) + RESULT_TTL_SECONDS;
  // Published first: whoever marks from now on sees what this unit wrote. Random attempt id, so nobody else writes this key.
  await s.records.write(insertAt({ key: publishedKey(place, s.newId()), ttl }, stored));
  const winner = await confirm(s.records, place, stored, ttl);
  await beat(s, open);
  return after(winner.endLeaf);
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
