/** Are these bytes exactly one zstd frame of a known length that a reader of this format takes? Looks at its headers alone (RFC 8878, 3.1.1). */
import { ZSTD_WINDOW_LOG } from "./numbers.ts";

const MAGIC = 0xfd2fb528;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
const TYPE = { raw: 0, rle: 1, compressed: 2 } as const;

/**
 * What is wrong with the frame, in words; undefined when nothing is. Decoders differ in what they say of a cut checksum, of what follows a
 * frame, and of the window when they have the whole frame at once, so none is asked.
 */
export function frameProblem(stored: Buffer, rawLength: number): string | undefined {
  if (stored.length < 6 || stored.readUInt32LE(0) !== MAGIC) return "does not begin like one";
  const descriptor = stored.readUInt8(4);
  if ((descriptor & 0x08) !== 0) return "has a reserved bit set";
  if ((descriptor & 3) !== 0) return "needs a dictionary";
  const singleSegment = (descriptor & 0x20) !== 0;
  const sizeAt = singleSegment ? 5 : 6;
  const flag = descriptor >> 6;
  const sizeBytes = flag === 0 ? (singleSegment ? 1 : 0) : 1 << flag;
  if (sizeAt + sizeBytes > stored.length) return "ends early";
  const declared = sizeOf(stored, sizeAt, sizeBytes);
  if (declared !== rawLength) return `declares ${declared} bytes, not ${rawLength}`;
  const window = singleSegment ? declared : windowOf(stored.readUInt8(5));
  if (window > 2 ** ZSTD_WINDOW_LOG) return "has a window larger than a block";
  const end = endOfBlocks(stored, sizeAt + sizeBytes);
  const checked = (descriptor & 0x04) !== 0;
  if (end === undefined || end + (checked ? CHECKSUM_BYTES : 0) > stored.length) return "ends early";
  const after = stored.length - end - (checked ? CHECKSUM_BYTES : 0);
  return after === 0 ? undefined : `is followed by ${after} bytes`;
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** Undefined when the frame does not tell. */
function sizeOf(stored: Buffer, at: number, bytes: number): number | undefined {
  if (bytes === 0) return undefined;
  if (bytes === 1) return stored.readUInt8(at);
  if (bytes === 2) return stored.readUInt16LE(at) + 256;
  if (bytes === 4) return stored.readUInt32LE(at);
  return Number(stored.readBigUInt64LE(at));
}

/** Where the last block ends; undefined when it is not there. */
function endOfBlocks(stored: Buffer, from: number): number | undefined {
  for (let at = from; at + BLOCK_HEADER_BYTES <= stored.length; ) {
    const header = stored.readUIntLE(at, BLOCK_HEADER_BYTES);
    const type = (header >> 1) & 3;
    if (type > TYPE.compressed) return undefined;
    at += BLOCK_HEADER_BYTES + (type === TYPE.rle ? 1 : header >> 3);
    if ((header & 1) === 1) return at;
  }
  return undefined;
}
