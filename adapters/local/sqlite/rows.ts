/** How does an item become a row of the record file, and a row an item again? */
import type { SQLInputValue, SQLOutputValue } from "node:sqlite";
import type { Item, JsonObject } from "../../../core/ports/record-store.ts";

/** A row as node:sqlite gives it. */
export type Row = Record<string, SQLOutputValue>;

const KEY = ["pk", "sk"];
/** The columns besides the key. */
export const VALUES = ["g1pk", "g1sk", "g2pk", "g2sk", "g3pk", "g3sk", "v", "counters", "ttl", "body"];
/** The columns in the order of `toRow`. */
export const COLUMNS = [...KEY, ...VALUES].join(", ");

/** The values of an item's columns, in the order of `COLUMNS`. */
export function toRow(item: Item): SQLInputValue[] {
  return [
    item.pk,
    item.sk,
    item.g1?.pk ?? null,
    item.g1?.sk ?? null,
    item.g2?.pk ?? null,
    item.g2?.sk ?? null,
    item.g3?.pk ?? null,
    item.g3?.sk ?? null,
    item.v,
    item.counters === undefined ? null : JSON.stringify(item.counters),
    item.ttl ?? null,
    JSON.stringify(item.body),
  ];
}

/** The item that a row holds. @throws SyntaxError when the file was damaged: a row is written by `toRow` only */
export function toItem(row: Row): Item {
  const counters = row.counters;
  const ttl = row.ttl;
  return {
    pk: String(row.pk),
    sk: String(row.sk),
    ...place(row, "g1"),
    ...place(row, "g2"),
    ...place(row, "g3"),
    v: Number(row.v),
    ...(counters === null ? {} : { counters: JSON.parse(String(counters)) as Record<string, number> }),
    ...(ttl === null ? {} : { ttl: Number(ttl) }),
    body: JSON.parse(String(row.body)) as JsonObject,
  };
}

/** Roughly the bytes that a row counts for a page's size. */
export function rowSize(row: Row): number {
  let size = 0;
  // Characters for bytes: counting those of every row took a sixth of reading a large vault.
  for (const value of Object.values(row)) size += typeof value === "string" ? value.length : 8;
  return size;
}

function place(row: Row, index: "g1" | "g2" | "g3"): Partial<Item> {
  const pk = row[`${index}pk`];
  return pk === null ? {} : { [index]: { pk: String(pk), sk: String(row[`${index}sk`]) } };
}
