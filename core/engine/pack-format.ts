/** The bytes of a pack around its frames: header, authenticated data, sealed directory and footer. */
import type { KeyObject } from "node:crypto";
import { Damaged } from "../ports/data-plane.ts";
import { FieldReader, FieldWriter } from "./byte-fields.ts";
import { FormatTooNew } from "./errors.ts";
import {
  FORMAT_VERSION,
  FRAME_MAX_RAW_BYTES,
  PACK_ID_BYTES,
  PACK_MAX_BYTES,
  PACK_MAX_FRAMES,
  SALT_BYTES,
  TAG_BYTES,
} from "./numbers.ts";
import { KIND, nonceOf, openSealed, sealInto } from "./sealed-box.ts";

const MAGIC = Buffer.from("HOLDPACK", "ascii");
const FOOTER_MAGIC = Buffer.from("PACK-END", "ascii");

/** magic 8, version 2, reserved 6, pack id 16, salt 32. */
export const PACK_HEADER_BYTES = 64;
const DIRECTORY_ENTRY_BYTES = 16;
const FOOTER_PLAIN_BYTES = 16;
/** magic 8, sealed 16 + 16. */
export const PACK_FOOTER_BYTES = FOOTER_MAGIC.length + FOOTER_PLAIN_BYTES + TAG_BYTES;

/** What a frame holds. Authenticated, so that a block is never taken for a leaf. */
export const FRAME_TYPE = { block: 0, leaf: 1 } as const;
export type FrameType = (typeof FRAME_TYPE)[keyof typeof FRAME_TYPE];

/** One line of a pack's directory: where the frame is and how to open it. */
export interface FrameRecord {
  readonly type: FrameType;
  readonly codec: number;
  /** From the start of the pack. */
  readonly offset: number;
  /** Ciphertext and tag. */
  readonly stored: number;
  /** Plain, decompressed. */
  readonly rawLength: number;
}

/** The object's name; `pack` is the pack's id in lower-case hexadecimal. */
export function packName(pack: string): string {
  return `packs/${pack}`;
}

/** Writes the header at the start of `into`. */
export function writePackHeader(into: Buffer, id: Buffer, salt: Buffer): void {
  into.fill(0, 0, PACK_HEADER_BYTES);
  MAGIC.copy(into, 0);
  into.writeUInt16LE(FORMAT_VERSION, 8);
  id.copy(into, 16);
  salt.copy(into, 32);
}

/** The salt of the pack whose name is known. @throws Damaged; FormatTooNew */
export function readPackHeader(header: Uint8Array, pack: string): Buffer {
  const fields = new FieldReader(header, packName(pack));
  if (!fields.raw(MAGIC.length).equals(MAGIC)) fields.fail("is not a pack");
  const version = fields.u16();
  if (version !== FORMAT_VERSION) fields.fail(`has format version ${version}: damaged, or of a newer program`);
  fields.reserved(6);
  if (fields.raw(PACK_ID_BYTES).toString("hex") !== pack) fields.fail("holds another pack");
  const salt = Buffer.from(fields.raw(SALT_BYTES));
  fields.end();
  return salt;
}

/** What is authenticated with frame number `frame`: pack id, kind, type, codec, number and both lengths (32 bytes). */
export function frameAad(id: Buffer, frame: number, record: Omit<FrameRecord, "offset">): Buffer {
  const aad = Buffer.alloc(32);
  id.copy(aad, 0);
  aad.writeUInt8(KIND.frame, 16);
  aad.writeUInt8(record.type, 17);
  aad.writeUInt8(record.codec, 18);
  aad.writeUInt32LE(frame, 20);
  aad.writeUInt32LE(record.rawLength, 24);
  aad.writeUInt32LE(record.stored, 28);
  return aad;
}

/** Authenticated with directory and footer: pack id, kind, and the place of the directory. */
function endAad(id: Buffer, kind: number, a: number, b: number): Buffer {
  const aad = Buffer.alloc(32);
  id.copy(aad, 0);
  aad.writeUInt8(kind, 16);
  aad.writeUInt32LE(a, 24);
  aad.writeUInt32LE(b, 28);
  return aad;
}

/** Bytes that directory and footer of `frames` frames take. */
export function packEndBytes(frames: number): number {
  return frames * DIRECTORY_ENTRY_BYTES + TAG_BYTES + PACK_FOOTER_BYTES;
}

/** Writes directory and footer at `at`; returns the pack's whole length and the footer's tag, which names the attempt. */
export function writePackEnd(
  into: Buffer,
  at: number,
  key: KeyObject,
  id: Buffer,
  records: readonly FrameRecord[],
): { readonly size: number; readonly tag: Buffer } {
  const plain = new FieldWriter(records.length * DIRECTORY_ENTRY_BYTES);
  for (const { type, codec, offset, stored, rawLength } of records)
    plain.u8(type).u8(codec).u16(0).u32(offset).u32(stored).u32(rawLength);
  const size = at + packEndBytes(records.length);
  const directory = nonceOf(KIND.directory, 0);
  const length = sealInto(into, at, key, directory, endAad(id, KIND.directory, at, records.length), plain.bytes());
  const footer = new FieldWriter(FOOTER_PLAIN_BYTES).u32(at).u32(length).u32(records.length).u32(size);
  FOOTER_MAGIC.copy(into, at + length);
  const sealedAt = at + length + FOOTER_MAGIC.length;
  sealInto(into, sealedAt, key, nonceOf(KIND.footer, 0), endAad(id, KIND.footer, 0, size), footer.bytes());
  return { size, tag: Buffer.from(into.subarray(size - TAG_BYTES, size)) };
}

/** Where the footer says the directory is. `size` is the object's. @throws Damaged */
export function readPackFooter(
  footer: Buffer,
  key: KeyObject,
  pack: string,
  size: number,
): { readonly directoryAt: number; readonly directoryBytes: number; readonly frames: number; readonly tag: Buffer } {
  const name = packName(pack);
  if (!footer.subarray(0, FOOTER_MAGIC.length).equals(FOOTER_MAGIC)) throw new Damaged(name, "has no footer");
  const aad = endAad(Buffer.from(pack, "hex"), KIND.footer, 0, size);
  const plain = openSealed(footer.subarray(FOOTER_MAGIC.length), key, nonceOf(KIND.footer, 0), aad);
  if (plain === undefined) throw new Damaged(name, "footer does not authenticate");
  const fields = new FieldReader(plain, name);
  const directoryAt = fields.u32();
  const directoryBytes = fields.u32();
  const frames = fields.u32();
  if (fields.u32() !== size) fields.fail("footer names another size");
  fields.end();
  if (directoryAt + directoryBytes + PACK_FOOTER_BYTES !== size) fields.fail("directory does not end at the footer");
  if (frames === 0 || frames > PACK_MAX_FRAMES) fields.fail(`directory of ${frames} frames`);
  return { directoryAt, directoryBytes, frames, tag: Buffer.from(footer.subarray(-TAG_BYTES)) };
}

/** All frames, checked to fill the pack without gaps. @throws Damaged */
export function readPackDirectory(
  sealed: Buffer,
  key: KeyObject,
  pack: string,
  at: number,
  frames: number,
): readonly FrameRecord[] {
  const name = packName(pack);
  const aad = endAad(Buffer.from(pack, "hex"), KIND.directory, at, frames);
  const plain = openSealed(sealed, key, nonceOf(KIND.directory, 0), aad);
  if (plain === undefined) throw new Damaged(name, "directory does not authenticate");
  const fields = new FieldReader(plain, name);
  const records: FrameRecord[] = [];
  let next = PACK_HEADER_BYTES;
  for (let frame = 0; frame < frames; frame++) {
    const type = fields.u8();
    if (type !== FRAME_TYPE.block && type !== FRAME_TYPE.leaf)
      throw new FormatTooNew(name, `has a frame of type ${type}`);
    const codec = fields.u8();
    fields.reserved(2);
    const record = { type, codec, offset: fields.u32(), stored: fields.u32(), rawLength: fields.u32() };
    if (record.offset !== next) fields.fail(`frame ${frame} does not follow the one before`);
    if (record.rawLength > FRAME_MAX_RAW_BYTES) fields.fail(`frame ${frame} is longer than a block`);
    next += record.stored;
    records.push(record);
  }
  fields.end();
  if (next !== at || at > PACK_MAX_BYTES) fields.fail("frames do not end at the directory");
  return records;
}
