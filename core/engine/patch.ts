/** Blocks that are stored as what changed in them: which sub-blocks, in which frames, and how they become a block again. */
import { BLOCK_BYTES, PATCH_PLACES, PATCH_SUB_BLOCKS, SUB_BLOCK_BYTES, SUB_BLOCKS, WHOLE } from "./numbers.ts";
import type { BlockPlace } from "./places.ts";

/** Bytes of the sub-blocks in `mask` of a block of `length` bytes (all of it for a whole one, however short). */
export function bytesOf(mask: number, length: number): number {
  return mask === WHOLE ? length : countOf(mask) * SUB_BLOCK_BYTES;
}

/** Which sub-blocks of two whole blocks differ, bit i for sub-block i. */
export function changedSubBlocks(before: Buffer, now: Buffer): number {
  let mask = 0;
  for (let i = 0; i < SUB_BLOCKS; i++) {
    const at = i * SUB_BLOCK_BYTES;
    if (now.compare(before, at, at + SUB_BLOCK_BYTES, at, at + SUB_BLOCK_BYTES) !== 0) mask |= 1 << i;
  }
  return mask;
}

/** The sub-blocks in `mask`, one after the other: a part of the block where they lie together, else put into `into`. */
export function gather(block: Buffer, mask: number, into: Buffer): Buffer {
  const first = 31 - Math.clz32(mask & -mask);
  const end = 32 - Math.clz32(mask);
  if (end - first === countOf(mask)) return block.subarray(first * SUB_BLOCK_BYTES, end * SUB_BLOCK_BYTES);
  let at = 0;
  for (let i = first; i < end; i++)
    if ((mask & (1 << i)) !== 0) at += block.copy(into, at, i * SUB_BLOCK_BYTES, (i + 1) * SUB_BLOCK_BYTES);
  return into.subarray(0, at);
}

/**
 * The places that remain of a block when the sub-blocks in `mask` come from a new frame; undefined when the block is better
 * stored whole: everything changed, too many reads, or frames that hold more than twice the block.
 */
export function remaining(places: readonly BlockPlace[], mask: number): readonly BlockPlace[] | undefined {
  if (mask === WHOLE || mask === 0) return undefined;
  const rest = places.flatMap((place) => {
    const uses = place.uses & ~mask;
    return uses === 0 ? [] : [{ ...place, uses }];
  });
  const held = rest.reduce((sum, { holds }) => sum + countOf(holds), countOf(mask));
  return rest.length >= PATCH_PLACES || held > PATCH_SUB_BLOCKS ? undefined : rest;
}

/** Copies what a block takes from one frame, whose plain bytes are given, to its place in the block. */
export function scatter(block: Buffer, { holds, uses }: BlockPlace, plain: Buffer): void {
  let from = 0;
  for (let i = 0; i < SUB_BLOCKS; i++) {
    if ((holds & (1 << i)) === 0) continue;
    if ((uses & (1 << i)) !== 0) plain.copy(block, i * SUB_BLOCK_BYTES, from, from + SUB_BLOCK_BYTES);
    from += SUB_BLOCK_BYTES;
  }
}

/** Is the block one frame, all of it? Such a frame's plain bytes are the block. */
export function isWhole(places: readonly BlockPlace[]): boolean {
  return places.length === 1 && places[0]?.holds === WHOLE && places[0].uses === WHOLE;
}

/** Only blocks of full length are patched. */
export const isPatchable = (length: number): boolean => length === BLOCK_BYTES;

function countOf(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
