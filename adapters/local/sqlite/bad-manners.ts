/** How does a table in the cloud misbehave, so that tests on one machine meet it too? */
import type { DatabaseSync } from "node:sqlite";
import type { Item, Key, RecordStore } from "../../../core/ports/record-store.ts";
import { Throttled, TransactionConflict } from "../../../core/ports/record-store.ts";
import { createQueries, type RunQuery } from "./queries.ts";
import { prepareRows, toItem } from "./rows.ts";
import { openRecordFile } from "./schema.ts";
import { type Change, createTable } from "./table.ts";

/** Test mode: what DynamoDB may do at any time. Rates are chances from 0 to 1 for each call. */
export interface Manners {
  /** Indexes show a write only after this many later ones, or index reads: each read lets one write through. */
  readonly indexLagWrites: number;
  /** Chance that a transaction ends in TransactionConflict. */
  readonly conflictRate: number;
  /** Chance that any call ends in Throttled. */
  readonly throttleRate: number;
  /** Chance that a read without `consistent` answers as old as the indexes. Default 0. */
  readonly staleReadRate?: number;
  /** Chance that a page is shorter than its limit, or empty, though more follows. Default 0. */
  readonly shortPageRate?: number;
  /** From 0 to below 1; seeded, so that a failing test can be run again. */
  readonly random: () => number;
}

/** A second table that learns of each write later. */
export interface LaggingCopy {
  /** Tells of writes that were just committed. */
  push(changes: readonly Change[]): void;
  readonly query: RunQuery;
  get(key: Key): Item | undefined;
  close(): void;
}

/** An in-memory copy of the record file that stays `lag` writes behind. */
export function createLaggingCopy(source: DatabaseSync, nowSeconds: () => number, lag: number): LaggingCopy {
  const db = openRecordFile(":memory:");
  const table = createTable(db, nowSeconds);
  const query = createQueries(db, nowSeconds);
  for (const row of prepareRows(source, "").iterate()) {
    const item = toItem(row);
    table.apply({ key: item, item });
  }
  const late: Change[] = [];
  function letThrough(keep: number): void {
    while (late.length > keep) table.apply(late.shift() as Change);
  }
  return {
    push(changes) {
      late.push(...changes);
      letThrough(lag);
    },
    query(asked) {
      const page = query(asked);
      // Eventually consistent: who asks again and again sees everything at last.
      letThrough(Math.max(0, late.length - 1));
      return page;
    },
    get: table.get,
    close: () => db.close(),
  };
}

/** The same store with bad manners. */
export function withBadManners(store: RecordStore, copy: LaggingCopy, manners: Manners): RecordStore {
  const happens = (rate: number | undefined) => manners.random() < (rate ?? 0);
  function mayThrottle(): void {
    if (happens(manners.throttleRate)) throw new Throttled("bad manners: slow down");
  }
  return {
    async get(key, options) {
      mayThrottle();
      const current = await store.get(key, options);
      return options?.consistent !== true && happens(manners.staleReadRate) ? copy.get(key) : current;
    },
    async getMany(keys, options) {
      mayThrottle();
      const current = await store.getMany(keys, options);
      return options?.consistent !== true && happens(manners.staleReadRate) ? keys.map(copy.get) : current;
    },
    async write(write) {
      mayThrottle();
      return store.write(write);
    },
    async transact(writes) {
      mayThrottle();
      if (happens(manners.conflictRate)) throw new TransactionConflict("bad manners: another transaction was there");
      return store.transact(writes);
    },
    async query(query) {
      mayThrottle();
      // Asked as it is first: that refuses what breaks a limit, which a shorter page would hide.
      const page = await store.query(query);
      // An empty page needs a cursor to go on from: the one that was asked with.
      if (query.cursor !== undefined && happens(manners.shortPageRate)) return { items: [], cursor: query.cursor };
      const short = happens(manners.shortPageRate);
      const asked = short ? { ...query, limit: Math.max(1, Math.floor(query.limit * manners.random())) } : query;
      if (query.index !== undefined) return copy.query(asked);
      return short ? store.query(asked) : page;
    },
    async count(index, pk) {
      mayThrottle();
      return store.count(index, pk);
    },
  };
}
