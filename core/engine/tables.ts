/** The pack table and the leaf table, as results and roots carry them. */
import type { FieldReader, FieldWriter } from "./byte-fields.ts";
import { ID_BYTES, PACK_ID_BYTES, PACK_MAX_FRAMES, TAG_BYTES } from "./numbers.ts";
import type { LeafRef, PackFacts } from "./places.ts";

const ZERO_LEAF = 0xffffffff;
const OWN = 1;
const AS_LIST = 2;
const PACK_RECORD_BYTES = 44;
/** Bytes that a leaf takes in the table. */
export function leafRecordBytes(leaf: LeafSlot): number {
  return leaf === undefined ? 4 : 56;
}

/** undefined = every block of the leaf is zero. */
export type LeafSlot = LeafRef | undefined;

/** Packs in any order, leaves in disk order. */
export interface Tables {
  readonly packs: readonly PackFacts[];
  readonly leaves: readonly LeafSlot[];
}

/** Bytes that a pack takes in the table when `marked` of its `frames` frames are live. */
export function packRecordBytes(frames: number, marked: number): number {
  return PACK_RECORD_BYTES + Math.min(2 + marked * 2, Math.ceil(frames / 8));
}

/** Appends both tables. Every place of a leaf must be in a pack of the table. */
export function writeTables(out: FieldWriter, { packs, leaves }: Tables): void {
  const index = new Map(packs.map(({ pack }, at) => [pack, at]));
  out.u32(packs.length);
  for (const facts of packs) writePack(out, facts);
  out.u32(leaves.length);
  for (const leaf of leaves) {
    if (leaf === undefined) {
      out.u32(ZERO_LEAF);
      continue;
    }
    const at = index.get(leaf.place.pack);
    if (at === undefined) throw new Error(`leaf in pack ${leaf.place.pack}, which is not in the pack table`);
    out.u32(at).u16(leaf.place.frame).u8(leaf.place.codec).u8(0).u32(leaf.place.offset).u32(leaf.place.stored);
    out.u32(leaf.rawLength).u32(leaf.nonZero).raw(leaf.id);
  }
}

function writePack(out: FieldWriter, facts: PackFacts): void {
  const listed = framesOf(facts.live);
  const asList = listed.length * 2 + 2 < facts.live.length;
  out.raw(Buffer.from(facts.pack, "hex")).u32(facts.size).u16(facts.frames);
  out
    .u8((facts.own ? OWN : 0) | (asList ? AS_LIST : 0))
    .u8(0)
    .u32(facts.liveBytes)
    .raw(facts.tag);
  if (!asList) {
    out.raw(facts.live);
    return;
  }
  out.u16(listed.length);
  for (const frame of listed) out.u16(frame);
}

/** Reads both tables. @throws Damaged */
export function readTables(fields: FieldReader): Tables {
  const packs: PackFacts[] = [];
  for (let left = fields.u32(); left > 0; left--) packs.push(readPack(fields));
  const leaves: LeafSlot[] = [];
  for (let left = fields.u32(); left > 0; left--) leaves.push(readLeaf(fields, packs));
  return { packs, leaves };
}

function readPack(fields: FieldReader): PackFacts {
  const pack = fields.raw(PACK_ID_BYTES).toString("hex");
  const size = fields.u32();
  const frames = fields.u16();
  const flags = fields.u8();
  fields.reserved(1);
  const liveBytes = fields.u32();
  const tag = fields.raw(TAG_BYTES);
  if (frames > PACK_MAX_FRAMES) fields.fail(`pack ${pack} has ${frames} frames`);
  if (flags > (OWN | AS_LIST)) fields.fail(`pack ${pack} has flags ${flags}`);
  const bytes = Math.ceil(frames / 8);
  const live = (flags & AS_LIST) === 0 ? Uint8Array.from(fields.raw(bytes)) : new Uint8Array(bytes);
  if ((flags & AS_LIST) !== 0) {
    for (let left = fields.u16(); left > 0; left--) {
      const frame = fields.u16();
      if (frame >= frames) fields.fail(`pack ${pack} has no frame ${frame}`);
      live[frame >> 3] = (live[frame >> 3] ?? 0) | (1 << (frame & 7));
    }
  }
  return { pack, size, frames, tag, own: (flags & OWN) !== 0, live, liveBytes };
}

function readLeaf(fields: FieldReader, packs: readonly PackFacts[]): LeafSlot {
  const at = fields.u32();
  if (at === ZERO_LEAF) return undefined;
  const facts = packs[at];
  const frame = fields.u16();
  const codec = fields.u8();
  fields.reserved(1);
  const place = { pack: facts?.pack ?? "", frame, codec, offset: fields.u32(), stored: fields.u32() };
  const ref = { place, rawLength: fields.u32(), nonZero: fields.u32(), id: fields.raw(ID_BYTES) };
  if (facts === undefined || frame >= facts.frames) fields.fail("leaf table names a frame that does not exist");
  return ref;
}

/** Numbers of the frames whose bit is set, ascending. */
export function framesOf(live: Uint8Array): readonly number[] {
  const frames: number[] = [];
  for (let at = 0; at < live.length; at++)
    for (let bit = 0; bit < 8; bit++) if (((live[at] ?? 0) & (1 << bit)) !== 0) frames.push(at * 8 + bit);
  return frames;
}
