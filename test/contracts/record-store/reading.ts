/** How do the contract tests read a store that may answer late and in short pages? */
import type { Item, Query, RecordStore } from "../../../core/ports/record-store.ts";

/** Enough for any lag that a test mode sets: each index read lets one write through. */
const READS = 400;

/** An item with these parts, version 1 and a small body unless given. */
export function item(parts: Partial<Item> & { readonly sk: string }): Item {
  return { pk: "P", v: 1, body: { sk: parts.sk }, ...parts };
}

/** All pages of a query, together. */
export async function readAll(store: RecordStore, query: Query): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.query({ ...query, ...(cursor === undefined ? {} : { cursor }) });
    if (page.items.length > query.limit) throw new Error(`a page of ${page.items.length} for limit ${query.limit}`);
    items.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return items;
}

/** The sort keys of all pages, from the newest state of the base table. */
export async function sortKeys(store: RecordStore, query: Omit<Query, "limit">): Promise<string[]> {
  const found = await readAll(store, { limit: 1000, consistent: true, ...query });
  return found.map((one) => one.sk);
}

/**
 * The sort keys of an index once they are as `expected`, or the last answer when they never are; `arrange` them first
 * where their order does not count.
 */
export async function indexKeys(
  store: RecordStore,
  query: Omit<Query, "limit">,
  expected: readonly string[],
  arrange: (keys: string[]) => string[] = (keys) => keys,
): Promise<string[]> {
  let seen: string[] = [];
  for (let i = 0; i < READS; i++) {
    seen = arrange((await readAll(store, { limit: 1000, ...query })).map((one) => one.sk));
    if (JSON.stringify(seen) === JSON.stringify(expected)) return seen;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return seen;
}

/** Order of strings by their UTF-8 bytes. */
export function byUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
