/** The bytes of a leaf: 1,024 entries, each zero or an id and the places of its block. */
import { FieldReader, FieldWriter } from "./byte-fields.ts";
import { FormatTooNew } from "./errors.ts";
import { ID_BYTES, LEAF_BLOCKS, MAX_PLACES, PACK_ID_BYTES } from "./numbers.ts";
import type { LeafEntry } from "./places.ts";

const MAGIC = Buffer.from("LEAF", "ascii");
const PLACE_BYTES = 16;
/** All eight sub-blocks: the frame holds the whole block and all of it is used. */
const WHOLE = 0xff;

/** One slot of a leaf: undefined = the block is all zero. */
export type Slot = LeafEntry | undefined;

/** Encodes the slots of one leaf; equal slots give equal bytes. */
export function encodeLeaf(slots: readonly Slot[]): Buffer {
  const packs = new Map<string, number>();
  for (const slot of slots) if (slot && !packs.has(slot.place.pack)) packs.set(slot.place.pack, packs.size);
  const out = new FieldWriter(16 + packs.size * PACK_ID_BYTES + slots.length * (1 + ID_BYTES + PLACE_BYTES));
  out.raw(MAGIC).u16(slots.length).u16(packs.size);
  for (const pack of packs.keys()) out.raw(Buffer.from(pack, "hex"));
  for (const slot of slots) {
    if (slot === undefined) {
      out.u8(0);
      continue;
    }
    const { pack, frame, offset, stored, codec } = slot.place;
    out
      .u8(1)
      .raw(slot.id)
      .u16(packs.get(pack) as number)
      .u16(frame)
      .u32(offset)
      .u32(stored);
    out.u8(WHOLE).u8(WHOLE).u8(codec).u8(0);
  }
  return out.bytes();
}

/** Decodes a leaf of exactly `blocks` slots. Ids are views of `bytes`. @throws Damaged, FormatTooNew naming `object` */
export function decodeLeaf(bytes: Buffer, blocks: number, object: string): Slot[] {
  const fields = new FieldReader(bytes, object);
  if (!fields.raw(MAGIC.length).equals(MAGIC)) fields.fail("leaf frame holds no leaf");
  const count = fields.u16();
  if (count !== blocks || count > LEAF_BLOCKS) fields.fail(`leaf has ${count} entries, not ${blocks}`);
  const packs = Array.from({ length: fields.u16() }, () => fields.raw(PACK_ID_BYTES).toString("hex"));
  const slots: Slot[] = [];
  for (let index = 0; index < count; index++) {
    const places = fields.u8();
    if (places > MAX_PLACES) fields.fail(`entry ${index} lists ${places} places`);
    if (places > 1) throw new FormatTooNew(object, `entry ${index} of a leaf is made of ${places} places`);
    slots.push(places === 0 ? undefined : readEntry(fields, packs, index, object));
  }
  fields.end();
  return slots;
}

function readEntry(fields: FieldReader, packs: readonly string[], index: number, object: string): LeafEntry {
  const id = fields.raw(ID_BYTES);
  const pack = packs[fields.u16()];
  const frame = fields.u16();
  const offset = fields.u32();
  const stored = fields.u32();
  const holds = fields.u8();
  const uses = fields.u8();
  const codec = fields.u8();
  fields.reserved(1);
  if (pack === undefined) return fields.fail(`entry ${index} names no pack`);
  if (holds !== WHOLE || uses !== WHOLE)
    throw new FormatTooNew(object, `entry ${index} of a leaf uses part of a frame`);
  return { id, place: { pack, frame, offset, stored, codec } };
}
