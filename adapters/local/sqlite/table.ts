/** How is one write decided and applied inside an open transaction? */
import type { DatabaseSync } from "node:sqlite";
import { checkItem, itemSize, keyOf, TRANSACTION_BYTES } from "../../../core/ports/record-limits.ts";
import type { Condition, Item, Key, Write } from "../../../core/ports/record-store.ts";
import { ConditionFailed, LimitExceeded, TransactionRefused } from "../../../core/ports/record-store.ts";
import { COLUMNS, prepareRows, toItem, toRow, VALUES } from "./rows.ts";

/** A decided change: what the key holds afterwards, undefined = nothing. */
export interface Change {
  readonly key: Key;
  readonly item: Item | undefined;
}

export interface Table {
  /** The item under the key, undefined also when its ttl has passed. */
  get(key: Key): Item | undefined;
  /** Decides and applies one write. @throws ConditionFailed, LimitExceeded, both before anything is changed */
  write(write: Write): readonly Change[];
  /**
   * Decides all writes, then applies them. @throws TransactionRefused, LimitExceeded, both before anything is changed
   */
  transact(writes: readonly Write[]): readonly Change[];
  /** Applies a change that was decided before. */
  apply(change: Change): void;
}

/** The base table of an open record file; `nowSeconds` decides which ttl has passed. */
export function createTable(db: DatabaseSync, nowSeconds: () => number): Table {
  const select = prepareRows(db, "WHERE pk = ? AND sk = ? AND (ttl IS NULL OR ttl > ?)");
  // An item whose ttl has passed and that no sweep removed yet gives way. Not REPLACE: that fires no trigger for what it removes,
  // and triggers count the partitions.
  const put = db.prepare(
    `INSERT INTO items (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (pk, sk) DO UPDATE SET ${VALUES.map((column) => `${column} = excluded.${column}`).join(", ")}`,
  );
  const remove = db.prepare("DELETE FROM items WHERE pk = ? AND sk = ?");

  function get(key: Key): Item | undefined {
    const row = select.get(key.pk, key.sk, nowSeconds());
    return row === undefined ? undefined : toItem(row);
  }
  function apply({ key, item }: Change): void {
    if (item === undefined) remove.run(key.pk, key.sk);
    else put.run(...toRow(item));
  }
  function write(one: Write): readonly Change[] {
    const current = get(keyOf(one));
    if (!holds(one.if, current)) throw new ConditionFailed(keyOf(one), current);
    const changes = decide(one, current);
    changes.forEach(apply);
    return changes;
  }
  function transact(writes: readonly Write[]): readonly Change[] {
    const found = writes.map((one) => get(keyOf(one)));
    const failed = writes.flatMap((one, i) => (holds(one.if, found[i]) ? [] : [i]));
    if (failed.length > 0) throw new TransactionRefused(failed, writes.map(keyOf));
    // No two writes are on one key, so none changes what another was decided on.
    const changes = writes.map((one, i) => decide(one, found[i]));
    checkTogether(changes.flat(), found);
    for (const change of changes.flat()) apply(change);
    return changes.flat();
  }
  return { get, write, transact, apply };
}

function holds(condition: Condition, current: Item | undefined): boolean {
  if (condition === "any") return true;
  if (condition === "absent") return current === undefined;
  if (condition === "present") return current !== undefined;
  return current !== undefined && current.v === condition.v;
}

/** What stands there afterwards. */
function decide(write: Write, current: Item | undefined): readonly Change[] {
  if (write.op === "check") return [];
  if (write.op === "put") return [{ key: write.item, item: write.item }];
  if (write.op === "delete") return [{ key: write.key, item: undefined }];
  const before = current ?? { pk: write.key.pk, sk: write.key.sk, v: 1, body: {} };
  const sums = new Map(Object.entries(before.counters ?? {}));
  for (const [name, by] of Object.entries(write.counters)) sums.set(name, (sums.get(name) ?? 0) + by);
  const item = { ...before, counters: Object.fromEntries(sums) };
  // The sum or the grown item may pass a limit that neither part did.
  checkItem(item);
  return [{ key: write.key, item }];
}

/** DynamoDB sums what a transaction touches: from above, both what stood there and what will. */
function checkTogether(changes: readonly Change[], found: readonly (Item | undefined)[]): void {
  const after = changes.reduce((sum, { item }) => sum + (item === undefined ? 0 : itemSize(item)), 0);
  const before = found.reduce((sum, item) => sum + (item === undefined ? 0 : itemSize(item)), 0);
  const size = Math.max(after, before);
  if (size > TRANSACTION_BYTES) {
    throw new LimitExceeded(`the transaction has ${size} bytes, the limit is ${TRANSACTION_BYTES}`);
  }
}
