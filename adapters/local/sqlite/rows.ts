/** How does an item become a row of the record file, and a row an item again? */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from "node:sqlite";
import type { Item, Key } from "../../../core/ports/record-store.ts";
import { parsedTexts } from "./parsed-texts.ts";

const KEY = ["pk", "sk"] as const;
/** The columns besides the key. */
export const VALUES = ["g1pk", "g1sk", "g2pk", "g2sk", "g3pk", "g3sk", "v", "counters", "ttl", "body"] as const;
const NAMES = [...KEY, ...VALUES] as const;
/** The columns in the order of `toRow`. */
export const COLUMNS = NAMES.join(", ");

export type Column = (typeof NAMES)[number];

/** The values of `COLUMNS`, in that order. */
export type Row = readonly SQLOutputValue[];

/** A prepared statement that selects `COLUMNS`. */
export interface RowStatement {
  get(...values: SQLInputValue[]): Row | undefined;
  iterate(...values: SQLInputValue[]): Iterable<Row>;
}

/** Rows as arrays: naming twelve columns of each row took as long as reading them. */
export function prepareRows(db: DatabaseSync, rest: string): RowStatement {
  const statement = db.prepare(`SELECT ${COLUMNS} FROM items ${rest}`);
  statement.setReturnArrays(true);
  return statement as unknown as RowStatement;
}

/** What stands in a column of a row. */
export const columnOf = (row: Row, column: Column): SQLOutputValue | undefined => row[NAMES.indexOf(column)];

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

const parseBody = parsedTexts();

/**
 * The item that a row holds; its body is frozen, because items of equal rows share it.
 * @throws SyntaxError when the file was damaged: a row is written by `toRow` only
 */
export function toItem(row: Row): Item {
  const [pk, sk, g1pk, g1sk, g2pk, g2sk, g3pk, g3sk, v, counters, ttl, body] = row;
  const item: { -readonly [name in keyof Item]: Item[name] } = {
    pk: String(pk),
    sk: String(sk),
    v: Number(v),
    body: parseBody(String(body)),
  };
  if (g1pk !== null) item.g1 = place(g1pk, g1sk);
  if (g2pk !== null) item.g2 = place(g2pk, g2sk);
  if (g3pk !== null) item.g3 = place(g3pk, g3sk);
  if (counters !== null) item.counters = JSON.parse(String(counters)) as Record<string, number>;
  if (ttl !== null) item.ttl = Number(ttl);
  return item;
}

const place = (pk: SQLOutputValue | undefined, sk: SQLOutputValue | undefined): Key => ({
  pk: String(pk),
  sk: String(sk),
});

/** Roughly the bytes that a row counts for a page's size. */
export function rowSize(row: Row): number {
  let size = 0;
  // Characters for bytes: counting those of every row took a sixth of reading a large vault.
  for (const value of row) size += typeof value === "string" ? value.length : 8;
  return size;
}
