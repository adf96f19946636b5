/**
 * RecordStore: the one table that holds every record, in DynamoDB's terms.
 *
 * Each adapter passes test/contracts/record-store.ts and enforces DynamoDB's limits, so that what works on one machine
 * works on AWS. Keys are listed in docs/developer/records.md.
 */

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** A primary key. `pk` at most 2,048 bytes of UTF-8, `sk` at most 1,024, neither empty. */
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

export type IndexName = "g1" | "g2" | "g3";

/**
 * One stored record.
 * - `g1`, `g2`, `g3`: its place in the three sparse indexes; absent = not in that index.
 * - `v`: optimistic version; the writer sets it (1 at creation, seen + 1 afterwards) and names the one it saw in `if`.
 * - `counters`: numbers that only `add` changes besides a put.
 * - `ttl`: epoch seconds; a record whose ttl has passed is never returned, and is removed some time later.
 * - The whole item is at most 400 KB (DynamoDB's item limit).
 */
export interface Item extends Key {
  readonly g1?: Key;
  readonly g2?: Key;
  readonly g3?: Key;
  readonly v: number;
  readonly counters?: Readonly<Record<string, number>>;
  readonly ttl?: number;
  readonly body: JsonObject;
}

/** What must hold for a write to happen. `any` is for idempotent writes only; the caller's comment says why. */
export type Condition = "absent" | "present" | "any" | { readonly v: number };

export type Write =
  | { readonly op: "put"; readonly item: Item; readonly if: Condition }
  | { readonly op: "delete"; readonly key: Key; readonly if: Condition }
  /** Adds to counters atomically; creates the item (v = 1, empty body) when absent and `if` allows that. Does not change `v`. */
  | {
      readonly op: "add";
      readonly key: Key;
      readonly counters: Readonly<Record<string, number>>;
      readonly if: Condition;
    }
  /** Writes nothing: the transaction fails when the condition does not hold. */
  | { readonly op: "check"; readonly key: Key; readonly if: Condition };

/** A range of sort keys in UTF-8 byte order; `from` and `to` inclusive, `prefix` exclusive with both. */
export interface SortRange {
  readonly from?: string;
  readonly to?: string;
  readonly prefix?: string;
}

export interface Query {
  /** Absent = the base table. */
  readonly index?: IndexName;
  readonly pk: string;
  readonly sk?: SortRange;
  /**
   * Default true: ascending sort keys. Items with equal index keys come in an order of the store's own (DynamoDB promises
   * none); paging still gives each of them once.
   */
  readonly forward?: boolean;
  /** 1 to 1,000. */
  readonly limit: number;
  /** From the answer before; opaque; refused when it belongs to another query. */
  readonly cursor?: string;
  /** Only without `index` (DynamoDB: indexes are eventually consistent). Default false. */
  readonly consistent?: boolean;
}

export interface Page {
  readonly items: readonly Item[];
  /** Absent on the last page. A page may be short, even empty, and still have one. */
  readonly cursor?: string;
}

/**
 * Any error that is not named below leaves open whether the write happened, as a crash right after asking does: callers
 * are built for that, and never take it for a refusal.
 */
export interface RecordStore {
  /** `consistent` default false: may miss the newest write. */
  get(key: Key, options?: { readonly consistent?: boolean }): Promise<Item | undefined>;
  /** At most 100 keys; answers in the order asked, undefined for what is not there. */
  getMany(keys: readonly Key[], options?: { readonly consistent?: boolean }): Promise<readonly (Item | undefined)[]>;
  /**
   * One write. @throws ConditionFailed (with the current item), TransactionConflict (retry), Throttled (retry),
   * LimitExceeded
   */
  write(write: Exclude<Write, { op: "check" }>): Promise<void>;
  /**
   * All or nothing: 1 to 100 writes, 4 MB together, no two on one key.
   * @throws TransactionRefused (which write's condition failed), TransactionConflict (retry), Throttled (retry), LimitExceeded
   */
  transact(writes: readonly Write[]): Promise<void>;
  query(query: Query): Promise<Page>;
  /**
   * How many items a partition of an index holds, where the store knows that without reading them; else undefined (DynamoDB
   * keeps no such count). Items whose ttl has passed count until they are removed: ask only where there are none.
   */
  count(index: IndexName, pk: string): Promise<number | undefined>;
}

/** A single write's condition did not hold; `current` is what stands there. */
export class ConditionFailed extends Error {
  override readonly name = "ConditionFailed";
  readonly key: Key;
  readonly current: Item | undefined;
  constructor(key: Key, current: Item | undefined) {
    super(`condition failed on ${key.pk} / ${key.sk}`);
    this.key = key;
    this.current = current;
  }
}

/** A transaction's condition did not hold: nothing was written. `failed` holds the indexes of the refused writes. */
export class TransactionRefused extends Error {
  override readonly name = "TransactionRefused";
  readonly failed: readonly number[];
  constructor(failed: readonly number[], keys: readonly Key[]) {
    super(`transaction refused at ${failed.map((i) => `#${i} ${keys[i]?.pk} / ${keys[i]?.sk}`).join(", ")}`);
    this.failed = failed;
  }
}

/** Another transaction touched the same item at the same time: nothing was written, try again. */
export class TransactionConflict extends Error {
  override readonly name = "TransactionConflict";
}

/** The store asks to slow down: nothing was written, try again after a pause. */
export class Throttled extends Error {
  override readonly name = "Throttled";
}

/** The request breaks a documented limit (size, count, empty key, bad range): a bug of the caller, never retried. */
export class LimitExceeded extends Error {
  override readonly name = "LimitExceeded";
}
