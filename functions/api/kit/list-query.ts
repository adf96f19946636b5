/** How the query of a list is read: page, order, times and flags (cbr-api §2.6). A value that breaks its rule is 9900. */
import { badField } from "../../../core/domain/fault.ts";
import type { Instant } from "../../../core/domain/values.ts";
import type { Query } from "./query.ts";

/** Which part of a list is asked for. `marker` is the id of the last row of the page before; `offset` counts after it. */
export interface PageAsked {
  readonly limit: number;
  readonly offset: number;
  readonly marker: string | undefined;
}

/** The answer repeats the offset, and clients decode that into 32 bits with a sign. */
const LARGEST_OFFSET = 2 ** 31 - 1;

/** Page of a list: `limit` 1 to 1000 (default 1000), `offset` from 0 (default 0), `marker`. @throws Fault 9900 */
export function pageOf(query: Query): PageAsked {
  return {
    limit: integerOf(query, "limit", 1, 1000) ?? 1000,
    offset: integerOf(query, "offset", 0, LARGEST_OFFSET) ?? 0,
    marker: query.get("marker"),
  };
}

/** One key of an order. */
export interface SortKey<K extends string> {
  readonly key: K;
  readonly descending: boolean;
}

/** `sort=key[:asc|desc],…`, at most 255 characters, descending unless said otherwise; empty when not asked. @throws Fault 9900 */
export function sortOf<K extends string>(query: Query, keys: readonly K[]): readonly SortKey<K>[] {
  const text = query.get("sort");
  if (text === undefined) return [];
  if (text.length > 255) badField("sort", "must be at most 255 characters long");
  return text.split(",").map((part) => {
    const [name = "", direction = "desc", ...more] = part.trim().split(":");
    const key = keys.find((known) => known === name);
    if (key === undefined || more.length > 0 || (direction !== "asc" && direction !== "desc"))
      badField("sort", `must be keys among ${keys.join(", ")}, each with :asc or :desc`);
    return { key, descending: direction === "desc" };
  });
}

/** A whole number between two bounds, both included; undefined when not given. @throws Fault 9900 */
export function integerOf(query: Query, name: string, least: number, most: number): number | undefined {
  const text = query.get(name);
  if (text === undefined) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  const rule = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  return value >= least && value <= most ? value : badField(name, `must be an integer ${rule}`);
}

/** `true` or `false` in any case (the Python SDK writes `True`); undefined when not given. @throws Fault 9900 */
export function flagOf(query: Query, name: string): boolean | undefined {
  const text = query.get(name)?.toLowerCase();
  if (text === undefined) return undefined;
  return text === "true" || text === "false" ? text === "true" : badField(name, "must be true or false");
}

/** A time filter, `2030-01-02T03:04:05Z`; undefined when not given. @throws Fault 9900 */
export function instantOf(query: Query, name: string): Instant | undefined {
  const text = query.get(name);
  if (text === undefined) return undefined;
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? badField(name, "must be YYYY-MM-DDTHH:MM:SSZ") : at;
}

/** One word of a closed list; undefined when not given. @throws Fault 9900 */
export function oneOf<W extends string>(query: Query, name: string, words: readonly W[]): W | undefined {
  const text = query.get(name);
  if (text === undefined) return undefined;
  return words.find((word) => word === text) ?? badField(name, `must be ${words.join(" or ")}`);
}

/** Is this the form that ids of vaults, backups, checkpoints and tasks have? Another is a name: the handler's 404. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
}
