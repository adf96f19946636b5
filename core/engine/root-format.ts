/** The bytes of a root: a sealed description of one disk's backup that needs no record to be understood. */
import { Damaged } from "../ports/data-plane.ts";
import type { JsonObject, JsonValue } from "../ports/record-store.ts";
import { FieldReader, FieldWriter } from "./byte-fields.ts";
import type { DomainCrypto } from "./domain-crypto.ts";
import { FormatTooNew } from "./errors.ts";
import { leavesOf } from "./geometry.ts";
import { BLOCK_BYTES, FORMAT_VERSION, LEAF_BLOCKS, SALT_BYTES, TAG_BYTES } from "./numbers.ts";
import { KIND, nonceOf, openSealed, sealInto } from "./sealed-box.ts";
import { readTables, type Tables, writeTables } from "./tables.ts";

const MAGIC = Buffer.from("HOLDROOT", "ascii");
/** magic 8, version 2, reserved 6, salt 32. */
const HEADER_BYTES = 48;

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
  const json = Buffer.from(JSON.stringify(sorted(root.description)), "utf8");
  const out = new FieldWriter(4096 + json.length).u64(root.size).u32(BLOCK_BYTES).u32(LEAF_BLOCKS).u32(root.mapEpoch);
  out.u32(json.length).raw(json);
  writeTables(out, root);
  return out.bytes();
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

/** Seals plain bytes under a key of their own: `salt` must be fresh random bytes. */
export function sealRoot(plain: Buffer, name: string, crypto: DomainCrypto, salt: Buffer): Buffer {
  const object = Buffer.alloc(HEADER_BYTES + plain.length + TAG_BYTES);
  MAGIC.copy(object, 0);
  object.writeUInt16LE(FORMAT_VERSION, 8);
  salt.copy(object, 16);
  const aad = Buffer.concat([object.subarray(0, HEADER_BYTES), Buffer.from(name, "utf8")]);
  sealInto(object, HEADER_BYTES, crypto.rootKey(salt), nonceOf(KIND.root, 0), aad, plain);
  return object;
}

/** The plain bytes of the root stored under `name`. @throws Damaged, FormatTooNew */
export function unsealRoot(object: Uint8Array, name: string, crypto: DomainCrypto): Buffer {
  const fields = new FieldReader(object, name);
  if (!fields.raw(MAGIC.length).equals(MAGIC)) fields.fail("is not a root");
  const version = fields.u16();
  if (version !== FORMAT_VERSION) fields.fail(`has format version ${version}: damaged, or of a newer program`);
  fields.reserved(6);
  const key = crypto.rootKey(fields.raw(SALT_BYTES));
  const sealed = fields.raw(object.length - HEADER_BYTES);
  const header = Buffer.from(object.buffer, object.byteOffset, HEADER_BYTES);
  const plain = openSealed(sealed, key, nonceOf(KIND.root, 0), Buffer.concat([header, Buffer.from(name, "utf8")]));
  if (plain === undefined) throw new Damaged(name, "does not authenticate");
  return plain;
}

/** Keys in code-unit order at every depth, undefined ones left out, as JSON.stringify leaves them out. */
function sorted(value: JsonValue | undefined): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value as JsonObject).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]));
}
