/** How does a query become SQL, a page and a cursor? */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { fromCursor, toCursor } from "../../../core/ports/record-cursors.ts";
import { PAGE_BYTES } from "../../../core/ports/record-limits.ts";
import type { Item, Page, Query, SortRange } from "../../../core/ports/record-store.ts";
import { type Column, columnOf, prepareRows, type Row, type RowStatement, rowSize, toItem } from "./rows.ts";

/** The last code point of Unicode: a prefix of only these has no successor. */
const LAST_CODE_POINT = 0x10ffff;

/** Answers one page of a checked query. @throws LimitExceeded for a cursor of another query */
export type RunQuery = (query: Query) => Page;

/** Queries on an open record file; `nowSeconds` decides which ttl has passed. */
export function createQueries(db: DatabaseSync, nowSeconds: () => number): RunQuery {
  // One statement a shape (index, bounds, direction, cursor): a few dozen, never more.
  const statements = new Map<string, RowStatement>();
  return (query) => {
    const { sql, values } = toSql(query, nowSeconds());
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = prepareRows(db, sql);
      statements.set(sql, statement);
    }
    const items: Item[] = [];
    let size = 0;
    let last: Row | undefined;
    for (const row of statement.iterate(...values)) {
      size += rowSize(row);
      // One row too many shows that there is more; the first is given whatever its size.
      if (last !== undefined && (items.length === query.limit || size > PAGE_BYTES)) {
        return { items, cursor: toCursor(query, placeOf(query, last)) };
      }
      items.push(toItem(row));
      last = row;
    }
    return { items };
  };
}

/** The SQL of a query, from its WHERE on; every shape is a search on the primary key or one index, without sorting. */
export function toSql(query: Query, nowSeconds: number): { readonly sql: string; readonly values: SQLInputValue[] } {
  const [pk, sk] = query.index === undefined ? ["pk", "sk"] : [`${query.index}pk`, `${query.index}sk`];
  const order = orderOf(query);
  const forward = query.forward ?? true;
  const where = [`${pk} = ?`];
  const values: SQLInputValue[] = [query.pk];
  const { from, to, before } = bounds(query.sk);
  if (from !== undefined) {
    where.push(`${sk} >= ?`);
    values.push(from);
  }
  if (to !== undefined) {
    where.push(`${sk} <= ?`);
    values.push(to);
  }
  if (before !== undefined) {
    where.push(`${sk} < ?`);
    values.push(before);
  }
  if (query.cursor !== undefined) {
    where.push(`(${order.join(", ")}) ${forward ? ">" : "<"} (${order.map(() => "?").join(", ")})`);
    values.push(...fromCursor(query, query.cursor));
  }
  where.push("(ttl IS NULL OR ttl > ?)");
  values.push(nowSeconds);
  const sorted = order.map((column) => `${column} ${forward ? "ASC" : "DESC"}`).join(", ");
  const sql = `WHERE ${where.join(" AND ")} ORDER BY ${sorted} LIMIT ?`;
  values.push(query.limit + 1);
  return { sql, values };
}

/** The columns that give a query's order, unique together. */
function orderOf(query: Query): readonly Column[] {
  return query.index === undefined ? ["sk"] : [`${query.index}sk`, "pk", "sk"];
}

function bounds(range: SortRange | undefined): { from?: string; to?: string; before?: string } {
  if (range?.prefix === undefined) return range ?? {};
  const before = successor(range.prefix);
  return before === undefined ? { from: range.prefix } : { from: range.prefix, before };
}

/** The first string after all that start with `prefix`, in UTF-8 byte order; undefined when there is none. */
function successor(prefix: string): string | undefined {
  const points = Array.from(prefix, (char) => char.codePointAt(0) ?? 0);
  while (points.at(-1) === LAST_CODE_POINT) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  // U+D800 to U+DFFF are no characters.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
}

/** Where a row stands in its query's order. */
function placeOf(query: Query, row: Row): string[] {
  return orderOf(query).map((column) => String(columnOf(row, column)));
}
