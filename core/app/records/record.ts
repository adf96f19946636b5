/** How an entity becomes an item and back: a key, a schema number, a parsed body. */
import type { z } from "zod";
import type { Item, JsonObject, Key } from "../../ports/record-store.ts";

/**
 * What an entity was when it was read. Copies carry it along (`{ ...backup, status }`), JSON drops it: so the write of a changed one
 * can be judged by where it comes from (tables.ts).
 */
export const AS_READ: unique symbol = Symbol("as read");

/** An entity as it was read, with the version that a conditional write names. */
export type Versioned<T> = T & { readonly v: number; readonly [AS_READ]?: T };

/** Stored data is input: it was written by another version of this code, so it is parsed, not cast. */
export function parseItem<T>(schema: z.ZodType<T>, item: Item): Versioned<T> {
  const parsed = schema.safeParse(item.body);
  if (!parsed.success)
    throw new Error(
      `record ${item.pk} / ${item.sk} is not readable: ${parsed.error.issues[0]?.path.join(".")}: ${parsed.error.issues[0]?.message}`,
    );
  return { ...parsed.data, v: item.v, [AS_READ]: parsed.data };
}

export interface Placement {
  readonly key: Key;
  readonly g1?: Key;
  readonly g2?: Key;
  readonly g3?: Key;
  readonly ttl?: number;
}

/** The item to store: version 1 for a new entity, one more than was seen for a changed one. */
export function toItem(placement: Placement, entity: object, seen: number): Item {
  const { v: _seen, ...body } = entity as { v?: number };
  const { key, ...indexes } = placement;
  return { ...key, ...indexes, v: seen + 1, body: JSON.parse(JSON.stringify(body)) as JsonObject };
}
