/** How a list is read: an index walked from the newest row back, filtered, sorted and cut into pages (cbr-api 2.6). */
import { badField, fault } from "../../domain/fault.ts";
import type { IndexName, Item, RecordStore, SortRange } from "../../ports/record-store.ts";

/** What every listed row has: its place in the default order (newest first, then id). */
export interface Row {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

export interface SortKey {
  readonly key: string;
  readonly descending: boolean;
}

/** One page of a list. `marker`: id of the last row of the page before; `offset` counts from there. */
export interface PageAsk {
  readonly limit: number;
  readonly offset: number;
  readonly marker?: string | undefined;
  /** Absent = newest first. */
  readonly sort?: readonly SortKey[] | undefined;
}

/**
 * `count`: rows that match, over all pages. Where neither an index nor the store knows, it stops counting at 10,000 walked rows and is
 * a lower bound beyond.
 */
export interface Paged<T> {
  readonly rows: readonly T[];
  readonly count: number;
}

/** records.md: a filter or sort that no index serves walks at most this many rows. */
const MAX_WALK = 10_000;
const ROWS_AT_ONCE = 500;

/** Rows of a partition of the table, or of an index. */
export interface Partition {
  readonly index?: IndexName;
  readonly pk: string;
  readonly range?: SortRange;
}

/** Every item of a partition from the newest back; `atOnce` when that many will do. */
export async function* walkBack(
  records: RecordStore,
  { index, pk, range }: Partition,
  atOnce = ROWS_AT_ONCE,
): AsyncGenerator<Item> {
  let cursor: string | undefined;
  do {
    const page = await records.query({
      pk,
      forward: false,
      ...(index === undefined ? { consistent: true } : { index }),
      limit: atOnce,
      ...(range !== undefined && { sk: range }),
      ...(cursor !== undefined && { cursor }),
    });
    yield* page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** Sort keys of rows made between two instants, both inclusive ("$" follows "#", which ends the time part). */
export function createdBetween(from: number | undefined, to: number | undefined): SortRange | undefined {
  if (from === undefined && to === undefined) return undefined;
  return {
    ...(from !== undefined && { from: new Date(from).toISOString() }),
    ...(to !== undefined && { to: `${new Date(to).toISOString()}$` }),
  };
}

export interface ListOf<T extends Row> {
  /**
   * Rows in default order; `after` a row when a marker names it, `atOnce` when a page needs so many and no more. Called once or
   * twice.
   */
  readonly source: (after: Row | undefined, atOnce: number | undefined) => AsyncIterable<T> | Iterable<T>;
  /** How many rows are kept in all, when that is known without looking at them. */
  readonly total?: () => Promise<number | undefined>;
  /** The row that a marker names, wherever it stands now. */
  readonly find: (id: string) => Promise<Row | undefined>;
  readonly keep: (row: T) => boolean | Promise<boolean>;
  /** Values of the sort keys that this list knows. */
  readonly sortable?: Readonly<Record<string, (row: T) => string | number>>;
}

/**
 * Reads one page. In the default order it walks as far as the page needs; another order has to see every row first.
 * @throws Fault 9900 when 10,000 rows were walked without an answer, for an unknown marker or sort key
 */
export async function listPage<T extends Row>(list: ListOf<T>, ask: PageAsk): Promise<Paged<T>> {
  const byDefault = (ask.sort ?? []).every(({ key, descending }) => key === "created_at" && descending);
  if (!byDefault) return sortedPage(list, ask, ask.sort ?? []);
  const after =
    ask.marker === undefined
      ? undefined
      : ((await list.find(ask.marker)) ?? badField("marker", `no row has the id ${ask.marker}`));
  const total = await list.total?.();
  if (total !== undefined) return { rows: await firstRows(list, ask, after), count: total };
  if (after === undefined) return walkPage(list, ask, undefined);
  const { rows } = await walkPage(list, ask, after);
  const { count } = await walkPage(list, { limit: 0, offset: 0 }, undefined);
  return { rows, count };
}

/** The page alone: nothing is filtered, so that it walks no further than the page goes. */
async function firstRows<T extends Row>(list: ListOf<T>, ask: PageAsk, after: Row | undefined): Promise<readonly T[]> {
  const rows: T[] = [];
  const end = ask.offset + ask.limit;
  let at = 0;
  if (ask.limit === 0) return rows;
  // One more: the row of a marker may come first, and is left out by the source.
  for await (const row of list.source(after, Math.min(ROWS_AT_ONCE, end + 1))) {
    if (at++ >= ask.offset) rows.push(row);
    if (at === end) break;
  }
  return rows;
}

async function walkPage<T extends Row>(list: ListOf<T>, ask: PageAsk, after: Row | undefined): Promise<Paged<T>> {
  const rows: T[] = [];
  let walked = 0;
  let count = 0;
  for await (const row of list.source(after, undefined)) {
    if (walked >= MAX_WALK && rows.length >= ask.limit) break;
    // Rows that match may be walked without end, the page needs them; rows that do not match may not.
    if (walked - count >= MAX_WALK) tooMany();
    walked++;
    if (!(await list.keep(row))) continue;
    if (count >= ask.offset && rows.length < ask.limit) rows.push(row);
    count++;
  }
  return { rows, count };
}

async function sortedPage<T extends Row>(list: ListOf<T>, ask: PageAsk, sort: readonly SortKey[]): Promise<Paged<T>> {
  const keys = sort.map(({ key, descending }) => ({
    of:
      list.sortable?.[key] ?? badField("sort", `"${key}" is not one of ${Object.keys(list.sortable ?? {}).join(", ")}`),
    sign: descending ? -1 : 1,
  }));
  const all: T[] = [];
  let walked = 0;
  for await (const row of list.source(undefined, undefined)) {
    if (++walked > MAX_WALK) tooMany();
    if (await list.keep(row)) all.push(row);
  }
  // A stable sort: rows with equal keys stay newest first.
  all.sort((a, b) => {
    for (const { of, sign } of keys) {
      const [x, y] = [of(a), of(b)];
      if (x !== y) return (x < y ? -1 : 1) * sign;
    }
    return 0;
  });
  const start = ask.marker === undefined ? 0 : all.findIndex((row) => row.id === ask.marker) + 1;
  if (ask.marker !== undefined && start === 0) badField("marker", `no row has the id ${ask.marker}`);
  return { rows: all.slice(start + ask.offset, start + ask.offset + ask.limit), count: all.length };
}

/** Refuses a list that would have to look at more than anybody should wait for. @throws Fault 9900 always */
export const tooMany = (): never =>
  fault("9900", `more than ${MAX_WALK} rows would have to be searched: narrow the filter (time, vault or resource)`);

/** Newest first, then by id: the order of the indexes, for rows that were read one by one. */
export const newestFirst = (a: Row, b: Row): number =>
  b.createdAt - a.createdAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);

/** Rows in memory, as a source. */
export const fromRows =
  <T extends Row>(rows: readonly T[]) =>
  (after: Row | undefined): readonly T[] => {
    const sorted = [...rows].sort(newestFirst);
    return after === undefined ? sorted : sorted.filter((row) => newestFirst(after, row) < 0);
  };
