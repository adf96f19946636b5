/** What is on each disk, and what was on it when it was captured: the contents of every backup, kept outside of the service. */
import { createHash } from "node:crypto";
import { BLOCK, pattern } from "../support/engine-disks.ts";

/** What each block holds, by its digest; undefined = zeros only. */
export type Contents = readonly (string | undefined)[];

/** Three blocks and a last one that is not whole: its length is what makes sums wrong. */
const DISK_BYTES = 3 * BLOCK + 4096;
export const DISK_BLOCKS = 4;
/** Data on each disk before anybody writes. */
const FIRST_SEED = 2;

const ZEROS = Buffer.alloc(BLOCK);
const patterns = new Map<number, Uint8Array>();

function bytesOf(seed: number): Uint8Array {
  const known = patterns.get(seed);
  if (known !== undefined) return known;
  const made = pattern(BLOCK, seed, seed % 2 === 1);
  patterns.set(seed, made);
  return made;
}

const lengthOf = (block: number): number => Math.min(BLOCK, DISK_BYTES - block * BLOCK);

/** A disk with data in its first block. */
export function newDisk(seed = FIRST_SEED): Uint8Array {
  const bytes = new Uint8Array(DISK_BYTES);
  writeBlock(bytes, 0, seed);
  return bytes;
}

/** The guest writes a block as a whole, or an eighth of it; seed 0 writes zeros. */
export function writeBlock(bytes: Uint8Array, block: number, seed: number, eighth?: number): void {
  const from = eighth === undefined ? 0 : (eighth * BLOCK) / 8;
  const to = Math.min(eighth === undefined ? BLOCK : from + BLOCK / 8, lengthOf(block));
  if (from >= to) return;
  const what = seed === 0 ? ZEROS.subarray(from, to) : bytesOf(seed).subarray(from, to);
  bytes.set(what, block * BLOCK + from);
}

/** What a disk holds. */
export function contentsOf(bytes: Uint8Array): Contents {
  return Array.from({ length: Math.ceil(bytes.length / BLOCK) }, (_, block) => {
    const part = bytes.subarray(block * BLOCK, Math.min(bytes.length, (block + 1) * BLOCK));
    if (Buffer.compare(part, ZEROS.subarray(0, part.length)) === 0) return undefined;
    return createHash("sha1").update(part).digest("hex");
  });
}

/** d(from, to) in bytes: blocks of `to` that are not zero and differ from `from` at their place (CAP-01..04). */
export function differenceOf(from: Contents | undefined, to: Contents): number {
  let bytes = 0;
  for (const [block, digest] of to.entries())
    if (digest !== undefined && digest !== from?.[block]) bytes += lengthOf(block);
  return bytes;
}

export const sameContents = (a: Contents, b: Contents): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);
