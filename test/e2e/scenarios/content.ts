/** What is on a disk of a scenario: pieces of made-up bytes, generated on demand, and what they come to. */
import { createCipheriv, createHash } from "node:crypto";

/** The grid of the data plane and of EBS. */
export const BLOCK = 512 * 1024;
export const MIB = 1024 * 1024;
export const GIB = 1024 * MIB;

/** A stretch of a disk. Later pieces lie over earlier ones. */
export interface Piece {
  /** Bytes; need not be a multiple of anything. */
  readonly offset: number;
  readonly length: number;
  /** Which bytes: those of one seed depend on their place only, and do not compress. 0 means zeros. */
  readonly seed: number;
}

const ZEROS = Buffer.alloc(BLOCK);

/** Block `index` of a disk that holds these pieces and zeros elsewhere; undefined when it is all zeros. */
function blockOf(pieces: readonly Piece[], index: number): Buffer | undefined {
  const block = Buffer.alloc(BLOCK);
  layOver(block, index, pieces);
  return block.equals(ZEROS) ? undefined : block;
}

/** Writes what the pieces have at block `index` over its present bytes. */
export function layOver(block: Buffer, index: number, pieces: readonly Piece[]): void {
  const start = index * BLOCK;
  for (const { offset, length, seed } of pieces) {
    const from = Math.max(offset, start) - start;
    const to = Math.min(offset + length, start + BLOCK) - start;
    if (from >= to) continue;
    if (seed === 0) block.fill(0, from, to);
    else stream(seed, index).copy(block, from, from, to);
  }
}

/** The bytes of a seed at one block: AES-CTR over zeros, which is fast and looks like noise. */
function stream(seed: number, index: number): Buffer {
  const start = Buffer.alloc(16);
  start.writeUInt32BE(seed, 0);
  start.writeUInt32BE(index, 4);
  return createCipheriv("aes-128-ctr", Buffer.alloc(16, "scenario"), start).update(ZEROS);
}

/** Indexes of the blocks that pieces touch, in order, each once. */
export function touched(pieces: readonly Piece[]): number[] {
  const all = new Set<number>();
  for (const { offset, length } of pieces)
    for (let i = Math.floor(offset / BLOCK); i * BLOCK < offset + length; i++) all.add(i);
  return [...all].toSorted((a, b) => a - b);
}

/**
 * A number for the whole content of a disk: SHA-256 over index and SHA-256 of every block that is not all zeros, so that holes and
 * written zeros are the same, as they are to a guest.
 */
export async function digestOf(blocks: AsyncIterable<readonly [index: number, bytes: Buffer]>): Promise<string> {
  const all = createHash("sha256");
  for await (const [index, bytes] of blocks)
    if (!bytes.equals(ZEROS)) all.update(`${index} ${createHash("sha256").update(bytes).digest("hex")}\n`);
  return all.digest("hex");
}

/** The digest of a disk that these pieces were written to, one after the other. */
export function digestOfPieces(pieces: readonly Piece[]): Promise<string> {
  async function* blocks(): AsyncGenerator<readonly [number, Buffer]> {
    for (const index of touched(pieces)) {
      const block = blockOf(pieces, index);
      if (block !== undefined) yield [index, block];
    }
  }
  return digestOf(blocks());
}

/** Bytes of the blocks of `after` that are not zeros and differ from `before`: what a backup adds to its vault's `used`. */
export function addedBytes(before: readonly Piece[], after: readonly Piece[]): number {
  const differ = touched(after).filter((index) => {
    const now = blockOf(after, index);
    return now !== undefined && !(blockOf(before, index)?.equals(now) ?? false);
  });
  return differ.length * BLOCK;
}
