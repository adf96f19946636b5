/** A unit's result as `seal` reads it back: the range, what was counted, and the tables. */
import { Damaged, SealRefused, type TransferCounts } from "../ports/data-plane.ts";
import { FieldReader, FieldWriter } from "./byte-fields.ts";
import { FORMAT_VERSION } from "./numbers.ts";
import { readTables, type Tables, writeTables } from "./tables.ts";

const MAGIC = Buffer.from("HOLDUNIT", "ascii");

/** What one unit did, for `seal`. */
export interface UnitPayload extends Tables {
  /** Bytes of the disk. */
  readonly size: number;
  readonly firstLeaf: number;
  readonly counts: TransferCounts;
}

export function encodePayload(unit: UnitPayload): Buffer {
  const { counts } = unit;
  const out = new FieldWriter(4096).raw(MAGIC).u16(FORMAT_VERSION).u64(unit.size).u32(unit.firstLeaf);
  out.u64(counts.read).u64(counts.nonZero).u64(counts.changed).u64(counts.stored);
  writeTables(out, unit);
  return out.bytes();
}

/** @throws SealRefused when the bytes are not what `encodePayload` made */
export function decodePayload(bytes: Uint8Array): UnitPayload {
  try {
    const fields = new FieldReader(bytes, "unit result");
    if (!fields.raw(MAGIC.length).equals(MAGIC)) fields.fail("is not a unit result");
    if (fields.u16() !== FORMAT_VERSION) fields.fail("was made by another version");
    const size = fields.u64();
    const firstLeaf = fields.u32();
    const counts = { read: fields.u64(), nonZero: fields.u64(), changed: fields.u64(), stored: fields.u64() };
    const tables = readTables(fields);
    fields.end();
    return { size, firstLeaf, counts, ...tables };
  } catch (error) {
    if (error instanceof Damaged) throw new SealRefused(error.message, { cause: error });
    throw error;
  }
}
