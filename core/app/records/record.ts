/** How an entity becomes an item and back: a key, a schema number, a parsed body. */
import type { z } from "zod";
import { deepFreeze } from "../../domain/frozen.ts";
import type { Item, JsonObject, Key } from "../../ports/record-store.ts";

/**
 * What an entity was when it was read. Copies carry it along (`{ ...backup, status }`), JSON drops it: so the write of a changed one
 * can be judged by where it comes from (tables.ts).
 */
export const AS_READ: unique symbol = Symbol("as read");

/** An entity as it was read, with the version that a conditional write names. */
export type Versioned<T> = T & { readonly v: number; readonly [AS_READ]?: T };

/** What was parsed of bodies that a store gives again and again (frozen, so they stay what they are), by schema. */
const parsed = new WeakMap<z.ZodType, WeakMap<JsonObject, object>>();

/** Stored data is input: it was written by another version of this code, so it is parsed, not cast. */
export function parseItem<T extends object>(schema: z.ZodType<T>, item: Item): Versioned<T> {
  const known = parsed.get(schema)?.get(item.body) as T | undefined;
  const entity = known ?? parse(schema, item);
  return { ...entity, v: item.v, [AS_READ]: entity };
}

function parse<T extends object>(schema: z.ZodType<T>, item: Item): T {
  const result = schema.safeParse(item.body);
  if (!result.success)
    throw new Error(
      `record ${item.pk} / ${item.sk} is not readable: ${result.error.issues[0]?.path.join(".")}: ${result.error.issues[0]?.message}`,
    );
  if (!Object.isFrozen(item.body)) return result.data;
  const ofSchema = parsed.get(schema) ?? new WeakMap<JsonObject, object>();
  parsed.set(schema, ofSchema.set(item.body, deepFreeze(result.data)));
  return result.data;
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
