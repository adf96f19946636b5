/** In which order is due work looked at, and for how long? The points of policies first, of all shards together; then all else. */
import { type Instant, sortableTime } from "../../domain/values.ts";
import type { Item } from "../../ports/record-store.ts";
import { inBatches } from "../in-batches.ts";
import { tellUnreached } from "../policies/unstarted.ts";
import { DUE_SHARDS, dueKey } from "../records/keys.ts";
import { isPoint, kindOf } from "../records/scheduled-runs.ts";
import { walkPages } from "../records/tables.ts";
import type { Services } from "../services.ts";

/** A tick ends before the next one begins; what it does not get to is only later. */
const BUDGET_MS = 45_000;
/** Of that, what points may take: they may fail slowly, all of them, and what stands behind them has its turn in every minute. */
const POINTS_MS = 30_000;
/** What everything else gets at least, however long the last points took. */
const REST_MS = 10_000;
/** Points that are fired, and vaults that are metered, together: their writes share commits, their runs looks at the machine's processes. */
const AT_ONCE = 128;
/** Of what is no point so many are kept from the first walk; more are read again. */
const KEPT = 1000;
const MINUTE_MS = 60_000;

/**
 * Walks through what is due by `horizon`; what does not get its turn is told of when it is somebody's backup, and due next time.
 * @param settle never throws
 * @returns whether everything got its turn
 */
export async function settleDue(
  s: Services,
  horizon: Instant,
  settle: (item: Item) => Promise<void>,
): Promise<boolean> {
  const began = s.now();
  const { rest, late } = await firePoints(s, horizon, settle, () => s.now() > began + POINTS_MS);
  const until = Math.max(began + BUDGET_MS, s.now() + REST_MS);
  const all = await settleRest(s, rest === undefined ? duePages(s, horizon) : [rest], settle, () => s.now() > until);
  if (late) await tellUnreached(s);
  return all && !late;
}

async function settleRest(
  s: Services,
  pages: Iterable<readonly Item[]> | AsyncIterable<readonly Item[]>,
  settle: (item: Item) => Promise<void>,
  isOver: () => boolean,
): Promise<boolean> {
  for await (const page of pages) {
    const due = page.filter((item) => !isPoint(item) && isDue(item, s.now()));
    const inTime = async (item: Item): Promise<boolean> => {
      if (isOver()) return false;
      await settle(item);
      return true;
    };
    // A full hour is due work of every vault.
    const metered = await inBatches(due.filter(isMeter), AT_ONCE, inTime);
    if (metered.includes(false)) return false;
    for (const item of due) if (!isMeter(item) && !(await inTime(item))) return false;
  }
  return true;
}

interface Walked {
  /** What is no point, when the walk saw all of it and it is little. */
  readonly rest: readonly Item[] | undefined;
  /** Whether time was over before all points were fired. */
  readonly late: boolean;
}

async function firePoints(
  s: Services,
  horizon: Instant,
  settle: (item: Item) => Promise<void>,
  isOver: () => boolean,
): Promise<Walked> {
  const points: Item[] = [];
  const fire = async (least: number): Promise<boolean> => {
    while (points.length >= least) {
      if (isOver()) return false;
      await Promise.all(points.splice(0, AT_ONCE).map(settle));
    }
    return true;
  };
  let rest: Item[] | undefined = [];
  for await (const page of duePages(s, horizon)) {
    points.push(...page.filter((item) => isPoint(item) && isDue(item, s.now())));
    rest?.push(...page.filter((item) => !isPoint(item)));
    if (rest !== undefined && rest.length > KEPT) rest = undefined;
    if (!(await fire(AT_ONCE))) return { rest: undefined, late: true };
  }
  return { rest, late: !(await fire(1)) };
}

const isMeter = (item: Item): boolean => kindOf(item) === "meter";
/** What a process has in hand, and leaves behind when it dies: of interest to a start-up before its time. All else has its time. */
const isWatched = (item: Item): boolean => ["run", "migrate", "policy"].includes(kindOf(item) ?? "");
const isDue = (item: Item, now: Instant): boolean => isWatched(item) || item.sk <= `${sortableTime(now)}#~`;

/** Each minute another shard comes first: one that a full tick does not get to is not the same every time. */
async function* duePages(s: Services, horizon: Instant): AsyncGenerator<readonly Item[]> {
  const first = Math.floor(horizon / MINUTE_MS);
  for (let n = 0; n < DUE_SHARDS; n++) {
    const { pk } = dueKey((first + n) % DUE_SHARDS, 0, "", "");
    // "~" sorts after every id: the whole millisecond of the horizon is due.
    const range = { to: `${sortableTime(horizon)}#~` };
    yield* walkPages(s.records, { pk, sk: range, limit: 200 });
  }
}
