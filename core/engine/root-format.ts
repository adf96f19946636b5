import type { JsonObject, JsonValue } from "../ports/record-store.ts";
import { FieldReader, FieldWriter } from "./byte-fields.ts";
import { FormatTooNew } from "./errors.ts";
import { leavesOf } from "./geometry.ts";
import { BLOCK_BYTES, LEAF_BLOCKS } from "./numbers.ts";
import { readTables, type Tables, writeTables } from "./tables.ts";

/** One backup of one disk. */
export interface Root extends Tables {
  readonly size: number;
  /** Relocations up to this epoch were resolved when it was written; 0 until there are any. */
  readonly mapEpoch: number;
  readonly description: JsonObject;
}

/** The object's name. @throws RangeError when the id cannot be part of a name */
export function rootName(rootId: string): string {
  if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/.test(rootId)) throw new RangeError(`"${rootId}" cannot name a root`);
  return `roots/${rootId}`;
}

/** The plain bytes: equal roots give equal bytes, whatever the order of the description's keys. */
export function encodeRoot(root: Root): Buffer {
  const json = encodeDescription(root.description);
  const out = new FieldWriter(4096 + json.length).u64(root.size).u32(BLOCK_BYTES).u32(LEAF_BLOCKS).u32(root.mapEpoch);
  out.u32(json.length).raw(json);
  writeTables(out, root);
  return out.bytes();
}

/** A description as JSON in UTF-8; equal ones give equal bytes, whatever the order of their keys. */
export function encodeDescription(description: JsonObject): Buffer {
  return Buffer.from(JSON.stringify(sorted(description)), "utf8");
}

/** @throws Damaged, FormatTooNew */
export function decodeRoot(plain: Buffer, object: string): Root {
  const fields = new FieldReader(plain, object);
  const size = fields.u64();
  if (fields.u32() !== BLOCK_BYTES || fields.u32() !== LEAF_BLOCKS) throw new FormatTooNew(object, "has another grid");
  const mapEpoch = fields.u32();
  const description = JSON.parse(fields.raw(fields.u32()).toString("utf8")) as JsonObject;
  const tables = readTables(fields);
  fields.end();
  if (tables.leaves.length !== leavesOf(size)) fields.fail("leaf table does not cover the disk");
  return { size, mapEpoch, description, ...tables };
}

/** Keys in code-unit order at every depth, undefined ones left out, as JSON.stringify leaves them out. */
function sorted(value: JsonValue | undefined): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value as JsonObject).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]));
}
