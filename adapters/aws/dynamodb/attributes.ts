/**
 * How does an item become DynamoDB attributes, and attributes an item again?
 *
 * - `body` is one string of JSON. A map would lose half surrogates, could not hold empty names, and costs an object for
 *   every value on the way in and out; nothing in the port reads a part of a body. Numbers come back bit for bit. The
 *   limits count the larger of map and text (core/ports/record-limits.ts), so whatever fits on one machine fits here.
 * - Each counter is a top-level number `c:name`: ADD on a path inside a map needs that map to exist already, so one
 *   request could not both create and add.
 * - `w` marks which write put the item there, see single-write.ts. Its 9 bytes are paid for by `v`, which the limits
 *   count as 21 bytes and which takes at most 10.
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { Item, JsonObject, Key } from "../../../core/ports/record-store.ts";
import { recordsTable } from "./table.ts";

/** As the SDK gives and takes them. */
export type Attributes = Record<string, AttributeValue>;

/** Names one write among all, 8 random bytes. */
export type Stamp = Uint8Array;

const COUNTER = "c:";
const INDEXES = ["g1", "g2", "g3"] as const;

/** The attribute that holds a counter. */
export const counterAttribute = (name: string): string => COUNTER + name;

/** A primary key; everything else of `key` is left out. */
export function keyAttributes({ pk, sk }: Key): Attributes {
  return { pk: { S: pk }, sk: { S: sk } };
}

/** A whole item, with the stamp of the write that puts it there. */
export function toAttributes(item: Item, stamp: Stamp): Attributes {
  const attributes: Attributes = {
    ...keyAttributes(item),
    v: { N: String(item.v) },
    body: { S: JSON.stringify(item.body) },
    w: { B: stamp },
  };
  for (const index of INDEXES) {
    const place = item[index];
    if (place === undefined) continue;
    attributes[recordsTable.indexes[index].partitionKey] = { S: place.pk };
    attributes[recordsTable.indexes[index].sortKey] = { S: place.sk };
  }
  if (item.ttl !== undefined) attributes[recordsTable.ttl] = { N: String(item.ttl) };
  const counters = Object.entries(item.counters ?? {});
  for (const [name, value] of counters) attributes[counterAttribute(name)] = { N: String(value) };
  // Counters that are there but none yet.
  if (item.counters !== undefined && counters.length === 0) attributes.counters = { M: {} };
  return attributes;
}

/** The item that attributes hold. @throws Error when something else than this adapter wrote them */
export function toItem(attributes: Attributes): Item {
  const places = INDEXES.flatMap((index) => {
    const { partitionKey, sortKey } = recordsTable.indexes[index];
    if (attributes[partitionKey] === undefined) return [];
    return [[index, { pk: text(attributes, partitionKey), sk: text(attributes, sortKey) }]];
  });
  const counters = Object.keys(attributes).filter((name) => name.startsWith(COUNTER));
  const ttl = attributes[recordsTable.ttl];
  return {
    pk: text(attributes, "pk"),
    sk: text(attributes, "sk"),
    ...(Object.fromEntries(places) as Pick<Item, "g1" | "g2" | "g3">),
    v: number(attributes, "v"),
    ...((counters.length > 0 || attributes.counters !== undefined) && {
      counters: Object.fromEntries(counters.map((name) => [name.slice(COUNTER.length), number(attributes, name)])),
    }),
    ...(ttl !== undefined && { ttl: number(attributes, recordsTable.ttl) }),
    body: JSON.parse(text(attributes, "body")) as JsonObject,
  };
}

/** The item, unless its ttl has passed: DynamoDB removes such an item only days later, and until then gives it out. */
export function toLiveItem(attributes: Attributes | undefined, nowSeconds: number): Item | undefined {
  if (attributes === undefined) return undefined;
  const item = toItem(attributes);
  return item.ttl === undefined || item.ttl > nowSeconds ? item : undefined;
}

/** Whether this very write put the item there. */
export function hasStamp(attributes: Attributes | undefined, stamp: Stamp): boolean {
  const found = attributes?.w?.B;
  return found !== undefined && Buffer.compare(found, stamp) === 0;
}

/** A string attribute. */
export function text(attributes: Attributes, name: string): string {
  const value = attributes[name]?.S;
  if (value === undefined) throw new Error(`record ${attributes.pk?.S} / ${attributes.sk?.S} has no text in ${name}`);
  return value;
}

function number(attributes: Attributes, name: string): number {
  const value = attributes[name]?.N;
  if (value === undefined) throw new Error(`record ${attributes.pk?.S} / ${attributes.sk?.S} has no number in ${name}`);
  return Number(value);
}
