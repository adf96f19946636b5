/** How are records kept in one SQLite file? */
import type { Clock } from "../../core/domain/values.ts";
import { checkKey, checkKeys, checkQuery, checkTransaction, checkWrite } from "../../core/ports/record-limits.ts";
import type { RecordStore } from "../../core/ports/record-store.ts";
import { createLaggingCopy, type Manners, withBadManners } from "./sqlite/bad-manners.ts";
import { createCommitQueue } from "./sqlite/commit-queue.ts";
import { createQueries } from "./sqlite/queries.ts";
import { openRecordFile } from "./sqlite/schema.ts";
import { type Change, createTable } from "./sqlite/table.ts";

/** Expired items removed by one sweep at most: a longer one would keep the event loop from answering requests. */
const SWEEP = 1000;

export interface SqliteRecordStoreOptions {
  /** The file; its folder must exist. Two more files with `-wal` and `-shm` stand beside it while it is open. */
  readonly path: string;
  readonly now: Clock;
  /** Tests only: misbehave as DynamoDB may. */
  readonly manners?: Manners;
}

export interface SqliteRecordStore extends RecordStore {
  /** Commits what waits and closes the file; every later call is refused. Calling it again does nothing. */
  close(): void;
  /** Removes at most 1,000 items whose ttl has passed and says how many; fewer than 1,000 = none is left. */
  sweep(): number;
}

/**
 * Opens the record file, made when absent. One process at a time opens it (see data-folder.ts); DynamoDB's limits hold.
 * An item whose ttl has passed is absent for every read and every condition. A write is acknowledged after the commit
 * that put it on the disk; writes of one turn of the event loop share that commit.
 * @throws Error with one line when the file is damaged, not writable, another program's or of a newer version
 */
export function createSqliteRecordStore({ path, now, manners }: SqliteRecordStoreOptions): SqliteRecordStore {
  const db = openRecordFile(path);
  const nowSeconds = () => Math.floor(now() / 1000);
  const table = createTable(db, nowSeconds);
  const runQuery = createQueries(db, nowSeconds);
  const queue = createCommitQueue(db);
  const copy = manners === undefined ? undefined : createLaggingCopy(db, nowSeconds, manners.indexLagWrites);
  const counted = db.prepare("SELECT items FROM partitions WHERE idx = ? AND pk = ?");
  const expired = db.prepare(
    "DELETE FROM items WHERE (pk, sk) IN (SELECT pk, sk FROM items WHERE ttl IS NOT NULL AND ttl <= ? LIMIT ?)",
  );

  function mustBeOpen(): void {
    if (!db.isOpen) throw new Error("the record store is closed");
  }
  async function committed(work: () => readonly Change[]): Promise<void> {
    mustBeOpen();
    const changes = await queue.run(work);
    copy?.push(changes);
  }

  const store: RecordStore = {
    async get(key) {
      checkKey(key);
      mustBeOpen();
      return table.get(key);
    },
    async getMany(keys) {
      checkKeys(keys);
      mustBeOpen();
      return keys.map(table.get);
    },
    async write(write) {
      checkWrite(write);
      return committed(() => table.write(write));
    },
    async transact(writes) {
      checkTransaction(writes);
      return committed(() => table.transact(writes));
    },
    async query(query) {
      checkQuery(query);
      mustBeOpen();
      return runQuery(query);
    },
    async count(index, pk) {
      checkKey({ pk, sk: "-" }, index);
      mustBeOpen();
      return Number(counted.get(index, pk)?.items ?? 0);
    },
  };
  return {
    ...(copy === undefined || manners === undefined ? store : withBadManners(store, copy, manners)),
    close() {
      if (!db.isOpen) return;
      queue.drain();
      db.close();
      copy?.close();
    },
    sweep() {
      mustBeOpen();
      return Number(expired.run(nowSeconds(), SWEEP).changes);
    },
  };
}
