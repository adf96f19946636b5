/** The bytes of a leaf: 1,024 entries, each zero or an id and the places of its block. */
import { FieldReader, FieldWriter } from "./byte-fields.ts";
import { ID_BYTES, LEAF_BLOCKS, MAX_PLACES, PACK_ID_BYTES, WHOLE } from "./numbers.ts";
import type { BlockPlace, LeafEntry } from "./places.ts";

const MAGIC = Buffer.from("LEAF", "ascii");
const PLACE_BYTES = 16;

/** One slot of a leaf: undefined = the block is all zero. */
export type Slot = LeafEntry | undefined;

/** In messages between threads only: an entry whose bytes cannot be relied on, so that it has no place. */
const BARE = 0xff;

/** Encodes the slots of one leaf; equal slots give equal bytes. */
export function encodeLeaf(slots: readonly Slot[]): Buffer {
  for (const slot of slots) if (slot?.places.length === 0) throw new Error("a block of a leaf has no place");
  return encodeSlots(slots);
}

/** Any slots, also ones without places, for `decodeSlots` in another thread. */
export function encodeSlots(slots: readonly Slot[]): Buffer {
  const packs = new Map<string, number>();
  for (const slot of slots)
    for (const { pack } of slot?.places ?? []) if (!packs.has(pack)) packs.set(pack, packs.size);
  const out = new FieldWriter(16 + packs.size * PACK_ID_BYTES + slots.length * (1 + ID_BYTES + PLACE_BYTES));
  out.raw(MAGIC).u16(slots.length).u16(packs.size);
  for (const pack of packs.keys()) out.raw(Buffer.from(pack, "hex"));
  for (const slot of slots) {
    if (slot === undefined) out.u8(0);
    else {
      out.u8(slot.places.length === 0 ? BARE : slot.places.length).raw(slot.id);
      for (const place of slot.places) writePlace(out, place, packs.get(place.pack) as number);
    }
  }
  return out.bytes();
}

function writePlace(out: FieldWriter, { frame, offset, stored, holds, uses, codec }: BlockPlace, pack: number): void {
  out.u16(pack).u16(frame).u32(offset).u32(stored).u8(holds).u8(uses).u8(codec).u8(0);
}

/** What `encodeSlots` made. */
export function decodeSlots(bytes: Uint8Array): Slot[] {
  return decode(new FieldReader(bytes, "message"), undefined, true);
}

/** Decodes a leaf of exactly `blocks` slots (any number when absent). Ids are views of `bytes`. @throws Damaged naming `object` */
export function decodeLeaf(bytes: Buffer, blocks: number | undefined, object: string): Slot[] {
  return decode(new FieldReader(bytes, object), blocks, false);
}

function decode(fields: FieldReader, blocks: number | undefined, bare: boolean): Slot[] {
  if (!fields.raw(MAGIC.length).equals(MAGIC)) fields.fail("leaf frame holds no leaf");
  const count = fields.u16();
  if (count !== (blocks ?? count) || count > LEAF_BLOCKS) fields.fail(`leaf has ${count} entries, not ${blocks}`);
  const packs = Array.from({ length: fields.u16() }, () => fields.raw(PACK_ID_BYTES).toString("hex"));
  const slots: Slot[] = [];
  for (let index = 0; index < count; index++) {
    const places = fields.u8();
    if (bare && places === BARE) slots.push({ id: fields.raw(ID_BYTES), places: [] });
    else if (places > MAX_PLACES) fields.fail(`entry ${index} lists ${places} places`);
    else slots.push(places === 0 ? undefined : readEntry(fields, packs, index, places));
  }
  fields.end();
  return slots;
}

function readEntry(fields: FieldReader, packs: readonly string[], index: number, count: number): LeafEntry {
  const id = fields.raw(ID_BYTES);
  const places: BlockPlace[] = [];
  let covered = 0;
  for (let left = count; left > 0; left--) {
    const pack = packs[fields.u16()];
    const frame = fields.u16();
    const offset = fields.u32();
    const stored = fields.u32();
    const holds = fields.u8();
    const uses = fields.u8();
    const codec = fields.u8();
    fields.reserved(1);
    if (pack === undefined) return fields.fail(`entry ${index} names no pack`);
    if (uses === 0 || (uses & ~holds) !== 0 || (uses & covered) !== 0)
      fields.fail(`entry ${index} takes sub-blocks that a frame does not hold, or takes one twice`);
    covered |= uses;
    places.push({ pack, frame, offset, stored, codec, holds, uses });
  }
  if (covered !== WHOLE) fields.fail(`the places of entry ${index} are not the whole block`);
  return { id, places };
}
