/** Points that passed without anybody: their rows are written a few hundred at a time, however long nobody was there. */
import { pointsBetween, scheduleOf } from "../../domain/schedule.ts";
import type { Write } from "../../ports/record-store.ts";
import { toItem } from "../records/record.ts";
import { type GapDue, gapDueKey, scheduledRunKey, scheduledRuns } from "../records/scheduled-runs.ts";
import { insert } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { RecordServices } from "../services.ts";
import { runAt } from "./points.ts";

/** With the due work itself within DynamoDB's 100 a transaction. */
const ROWS_PER_TRANSACTION = 90;
/** Rows of one look: a gap of years must not take the minute from everybody else. */
const TRANSACTIONS_A_LOOK = 10;

/** @returns whether all of them have rows now */
export async function fillGap(s: RecordServices, gap: GapDue): Promise<boolean> {
  const key = gapDueKey(gap);
  let left: GapDue | undefined = gap;
  for (let n = 0; n < TRANSACTIONS_A_LOOK && left !== undefined; n++) {
    const now: GapDue = left;
    left = await withFreshState(() => fillSome(s, now, key));
  }
  return left === undefined;
}

/** Loses to whoever writes one of these rows meanwhile, and leaves it as it is. @returns what is left to do */
async function fillSome(
  s: RecordServices,
  gap: GapDue,
  key: ReturnType<typeof gapDueKey>,
): Promise<GapDue | undefined> {
  const points: number[] = [];
  for (const point of pointsBetween(scheduleOf(gap.patterns, gap.anchor), gap.after, gap.before)) {
    points.push(point);
    if (points.length === ROWS_PER_TRANSACTION) break;
  }
  const {
    patterns: _patterns,
    anchor: _anchor,
    after: _after,
    before: _before,
    reason,
    schema: _schema,
    ...about
  } = gap;
  const rows = points.map((nominal) => runAt(about, nominal, { state: "missed", reason, endedAt: s.now() }));
  const standing = rows.length === 0 ? [] : await s.records.getMany(rows.map(scheduledRunKey), { consistent: true });
  const missing = rows.filter((_, i) => standing[i] === undefined);
  const last = points.at(-1);
  const left = last === undefined || points.length < ROWS_PER_TRANSACTION ? undefined : { ...gap, after: last };
  const rest: Write =
    left === undefined ? { op: "delete", key, if: "any" } : { op: "put", item: toItem({ key }, left, 0), if: "any" };
  await s.records.transact([...missing.map((run) => insert(scheduledRuns, run)), rest]);
  return left;
}
