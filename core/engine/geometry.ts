/** How many leaves and blocks a disk has, and how long each block is. */
import { BLOCK_BYTES, LEAF_BLOCKS, LEAF_BYTES } from "./numbers.ts";

/** Leaves of a disk of `size` bytes. */
export function leavesOf(size: number): number {
  return Math.ceil(size / LEAF_BYTES);
}

/** Blocks under leaf `leaf` of a disk of `size` bytes: 1,024, fewer under the last leaf. */
export function blocksOfLeaf(size: number, leaf: number): number {
  return Math.min(LEAF_BLOCKS, Math.ceil((size - leaf * LEAF_BYTES) / BLOCK_BYTES));
}

/** Offset on the disk of block `index` of leaf `leaf`. */
export function blockOffset(leaf: number, index: number): number {
  return leaf * LEAF_BYTES + index * BLOCK_BYTES;
}

/** Bytes of block `index` of leaf `leaf`: 512 KiB, less for the last block of a disk. */
export function blockLength(size: number, leaf: number, index: number): number {
  return Math.min(BLOCK_BYTES, size - blockOffset(leaf, index));
}

/** Bytes of disk under `count` blocks of a leaf, from block `first` on. */
export function blocksLength(size: number, leaf: number, first: number, count: number): number {
  return Math.min(count * BLOCK_BYTES, size - blockOffset(leaf, first));
}

/** Bytes of disk under leaf `leaf`. */
export function leafLength(size: number, leaf: number): number {
  return Math.min(LEAF_BYTES, size - leaf * LEAF_BYTES);
}

/** Checks that a unit's range lies on the disk. @throws RangeError naming the rule */
export function checkRange(range: { readonly firstLeaf: number; readonly endLeaf: number }, size: number): void {
  const { firstLeaf, endLeaf } = range;
  const leaves = leavesOf(size);
  if (!Number.isSafeInteger(size) || size <= 0) throw new RangeError(`size ${size} is not a positive number of bytes`);
  if (!Number.isInteger(firstLeaf) || !Number.isInteger(endLeaf) || firstLeaf < 0 || firstLeaf >= endLeaf)
    throw new RangeError(`leaves ${firstLeaf} to ${endLeaf} are no range`);
  if (endLeaf > leaves) throw new RangeError(`endLeaf ${endLeaf} is beyond the ${leaves} leaves of ${size} bytes`);
}
