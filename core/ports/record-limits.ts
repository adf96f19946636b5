/**
 * Which requests does DynamoDB refuse? Every adapter refuses the same ones, so that what works on one machine works on AWS.
 *
 * Numbers: docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
 */
import { Buffer } from "node:buffer";
import type { Item, JsonObject, Key, Query, SortRange, Write } from "./record-store.ts";
import { LimitExceeded } from "./record-store.ts";

/** DynamoDB: partition key, bytes of UTF-8. */
const PK_BYTES = 2048;
/** DynamoDB: sort key, bytes of UTF-8. */
const SK_BYTES = 1024;
/** DynamoDB: one item with its attribute names, bytes. */
const ITEM_BYTES = 400 * 1024;
/** TransactWriteItems: actions in one call. */
const TRANSACTION_WRITES = 100;
/** TransactWriteItems: all items of one call together, bytes. */
export const TRANSACTION_BYTES = 4 * 1024 * 1024;
/** BatchGetItem: keys in one call. */
const BATCH_KEYS = 100;
/** The port's own bound of a page; DynamoDB has none. */
const PAGE_ITEMS = 1000;
/** Query: bytes read for one page. */
export const PAGE_BYTES = 1024 * 1024;
/** Levels of maps and lists in an item are 32; the body itself is one of them. */
const BODY_LEVELS = 31;
/** DynamoDB's numbers reach from 1e-130 to 9.99e125. */
const SMALLEST = 1e-130;
const LARGEST = 9.99e125;
/**
 * The most bytes that DynamoDB counts for a number: 38 digits at two a byte, plus one for the sign and one for the
 * exponent.
 */
const NUMBER_BYTES = 21;
/** Size of a map or list itself, and of each of its entries on top of name and value. */
const CONTAINER_BYTES = 3;
const ENTRY_BYTES = 1;

/** @throws LimitExceeded unless both parts are there, are valid Unicode and fit DynamoDB's key sizes. */
export function checkKey(key: Key, what = "key"): void {
  checkKeyPart(key.pk, `${what}.pk`, PK_BYTES);
  checkKeyPart(key.sk, `${what}.sk`, SK_BYTES);
}

/** @throws LimitExceeded for more keys than BatchGetItem takes, or a bad one. */
export function checkKeys(keys: readonly Key[]): void {
  if (keys.length > BATCH_KEYS) throw new LimitExceeded(`getMany takes at most ${BATCH_KEYS} keys, got ${keys.length}`);
  for (const key of keys) checkKey(key);
}

/** @throws LimitExceeded for anything in the item that DynamoDB would refuse. */
export function checkItem(item: Item): void {
  checkKey(item);
  for (const index of ["g1", "g2", "g3"] as const) {
    const place = item[index];
    if (place !== undefined) checkKey(place, index);
  }
  if (!Number.isSafeInteger(item.v) || item.v < 1)
    throw new LimitExceeded(`v must be an integer from 1, got ${item.v}`);
  if (item.ttl !== undefined && (!Number.isSafeInteger(item.ttl) || item.ttl < 0)) {
    throw new LimitExceeded(`ttl must be whole epoch seconds, got ${item.ttl}`);
  }
  if (item.counters !== undefined) checkCounters(item.counters);
  const size = itemSize(item);
  if (size > ITEM_BYTES) {
    throw new LimitExceeded(`item ${item.pk} / ${item.sk} has ${size} bytes, the limit is ${ITEM_BYTES}`);
  }
}

/** @throws LimitExceeded unless every write of the request fits by itself. */
export function checkWrite(write: Write): void {
  if (write.op === "put") checkItem(write.item);
  else checkKey(write.key);
  if (write.op === "add") {
    if (Object.keys(write.counters).length === 0) throw new LimitExceeded("add names no counter");
    checkCounters(write.counters);
  }
  if (typeof write.if === "object" && !Number.isSafeInteger(write.if.v)) {
    throw new LimitExceeded(`if.v must be an integer, got ${write.if.v}`);
  }
}

/** @throws LimitExceeded for a count or for two writes on one key; sizes are summed when the transaction runs. */
export function checkTransaction(writes: readonly Write[]): void {
  if (writes.length < 1 || writes.length > TRANSACTION_WRITES) {
    throw new LimitExceeded(`a transaction takes 1 to ${TRANSACTION_WRITES} writes, got ${writes.length}`);
  }
  const seen = new Set<string>();
  for (const write of writes) {
    checkWrite(write);
    const key = keyOf(write);
    // A list as JSON, so that no choice of pk and sk can look like another pair.
    const name = JSON.stringify([key.pk, key.sk]);
    if (seen.has(name)) throw new LimitExceeded(`two writes of one transaction on ${key.pk} / ${key.sk}`);
    seen.add(name);
  }
}

/** @throws LimitExceeded for a bad limit or range, or for a consistent read of an index. */
export function checkQuery(query: Query): void {
  checkKeyPart(query.pk, "pk", PK_BYTES);
  if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > PAGE_ITEMS) {
    throw new LimitExceeded(`limit must be an integer from 1 to ${PAGE_ITEMS}, got ${query.limit}`);
  }
  if (query.index !== undefined && query.consistent === true) {
    throw new LimitExceeded(`index ${query.index} cannot be read consistently`);
  }
  if (query.sk !== undefined) checkRange(query.sk);
}

/** The key that a write is about. */
export function keyOf(write: Write): Key {
  return write.op === "put" ? write.item : write.key;
}

/**
 * An item's size in bytes by DynamoDB's arithmetic, from above: every number counts as the largest one, and the body
 * counts as the larger of DynamoDB's map and its JSON text, so that either way of storing it fits.
 * @throws LimitExceeded when the body holds what JSON or DynamoDB cannot hold (NaN, functions, more than 32 levels)
 */
export function itemSize(item: Item): number {
  let size = keySize(item);
  for (const index of ["g1", "g2", "g3"] as const) {
    const place = item[index];
    if (place !== undefined) size += keySize(place) + 4;
  }
  size += "v".length + NUMBER_BYTES;
  if (item.ttl !== undefined) size += "ttl".length + NUMBER_BYTES;
  if (item.counters !== undefined) size += "counters".length + valueSize(item.counters, "counters", 1);
  return size + "body".length + bodySize(item.body);
}

/** Bodies are never changed, and each is looked at several times on its way through a transaction. */
const bodySizes = new WeakMap<JsonObject, number>();

function bodySize(body: JsonObject): number {
  const known = bodySizes.get(body);
  if (known !== undefined) return known;
  const size = Math.max(valueSize(body, "body", BODY_LEVELS), utf8(JSON.stringify(body)));
  bodySizes.set(body, size);
  return size;
}

function keySize(key: Key): number {
  return "pk".length + utf8(key.pk) + "sk".length + utf8(key.sk);
}

function valueSize(value: unknown, path: string, levels: number): number {
  if (typeof value === "string") return utf8(value);
  if (value === null || typeof value === "boolean") return 1;
  if (typeof value === "number") return numberSize(value, path);
  if (typeof value !== "object" || !isPlain(value)) throw new LimitExceeded(`${path} is no JSON value`);
  if (levels === 0) throw new LimitExceeded(`${path} is nested deeper than 32 levels`);
  let size = CONTAINER_BYTES;
  if (Array.isArray(value)) {
    for (const [i, entry] of value.entries()) size += ENTRY_BYTES + valueSize(entry, `${path}[${i}]`, levels - 1);
    return size;
  }
  for (const [name, entry] of Object.entries(value)) {
    if (entry !== undefined) size += ENTRY_BYTES + utf8(name) + valueSize(entry, `${path}.${name}`, levels - 1);
  }
  return size;
}

function numberSize(value: number, path: string): number {
  const size = Math.abs(value);
  // NaN fails both comparisons; JSON would turn it into null without a word.
  if (size === 0 || (size >= SMALLEST && size <= LARGEST)) return NUMBER_BYTES;
  throw new LimitExceeded(`${path} is ${value}, which DynamoDB cannot hold`);
}

function isPlain(value: object): boolean {
  const proto = Object.getPrototypeOf(value);
  return Array.isArray(value) || proto === Object.prototype || proto === null;
}

/** Whole numbers only: sums of fractions differ between binary arithmetic here and DynamoDB's decimal one. */
function checkCounters(counters: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(counters)) {
    if (name === "") throw new LimitExceeded("a counter has no name");
    if (!Number.isSafeInteger(value)) throw new LimitExceeded(`counter ${name} must be a whole number, got ${value}`);
  }
}

function checkRange(range: SortRange): void {
  for (const bound of ["from", "to", "prefix"] as const) {
    const text = range[bound];
    if (text !== undefined) checkKeyPart(text, `sk.${bound}`, SK_BYTES);
  }
  if (range.prefix !== undefined && (range.from !== undefined || range.to !== undefined)) {
    throw new LimitExceeded("sk.prefix excludes sk.from and sk.to");
  }
  if (range.from !== undefined && range.to !== undefined && compareUtf8(range.from, range.to) > 0) {
    throw new LimitExceeded("sk.from is after sk.to");
  }
}

function checkKeyPart(text: string, what: string, most: number): void {
  if (typeof text !== "string" || text === "") throw new LimitExceeded(`${what} must not be empty`);
  // Half a surrogate pair has no UTF-8: SQLite would store U+FFFD and two keys could become one.
  if (!text.isWellFormed()) throw new LimitExceeded(`${what} is not valid Unicode`);
  const size = utf8(text);
  if (size > most) throw new LimitExceeded(`${what} has ${size} bytes, the limit is ${most}`);
}

/** Order of two strings by their UTF-8 bytes; JavaScript's `<` compares UTF-16 units and differs above U+FFFF. */
function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function utf8(text: string): number {
  return Buffer.byteLength(text, "utf8");
}
