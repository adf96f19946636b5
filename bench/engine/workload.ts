/** How many bytes does each step of a backup have to touch on these images? Counted from the images alone, not from a program. */
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { constants, zstdCompressSync } from "node:zlib";
import { eachPiece } from "./folders.ts";

const BLOCK = 2 ** 19;
const SUB_BLOCK = 2 ** 16;
/** A block stays as it is unless compression saves 3 %: docs/format.md. */
const RAW_UNLESS_SAVED = 0.03;

/** Bytes, of v1 and of v2 after v1. "Packed" is compressed at level 1 in frames of one block (or of its changed sub-blocks). */
export interface Workload {
  readonly size: number;
  /** Non-zero blocks, and those whose content did not occur before. */
  readonly nonZero1: number;
  readonly distinct1: number;
  readonly packed1: number;
  readonly nonZero2: number;
  /** v2's distinct blocks, stored whole. */
  readonly distinct2: number;
  readonly packed2: number;
  /** Listed blocks, and the non-zero ones among them. */
  readonly listed: number;
  readonly listedNonZero: number;
  /** What v1 has at the listed, non-zero places: it must be decoded to see which sub-blocks changed. */
  readonly parent: number;
  readonly parentPacked: number;
  /** What must be stored of v2: changed sub-blocks of 64 KiB, or whole blocks where v1 has zeros. */
  readonly delta: number;
  readonly deltaPacked: number;
}

/** Length of `plain` as a frame of the format at `level`: raw when compression saves too little. Without tag and directory. */
export function packedLength(plain: Buffer, level = 1): number {
  const packed = zstdCompressSync(plain, {
    chunkSize: plain.length + (plain.length >> 7) + 1024,
    pledgedSrcSize: plain.length,
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_windowLog]: level === 1 ? 18 : 19 },
  }).length;
  return packed <= plain.length * (1 - RAW_UNLESS_SAVED) ? packed : plain.length;
}

/** Exact block dedup of one or more images: every distinct non-zero block once, compressed by itself. */
export class BlockSet {
  nonZero = 0;
  distinct = 0;
  packed = 0;
  readonly offsets: number[] = [];
  readonly #seen = new Map<string, number>();

  /** Adds all blocks of an image; how long each block is when packed is remembered for `packedAt`. */
  add(path: string): this {
    const zeros = Buffer.alloc(BLOCK);
    eachPiece(path, BLOCK, (block, offset) => {
      if (block.equals(zeros.subarray(0, block.length))) return;
      this.nonZero += block.length;
      this.offsets.push(offset);
      const id = idOf(block);
      if (this.#seen.has(id)) return;
      const packed = packedLength(block);
      this.#seen.set(id, packed);
      this.distinct += block.length;
      this.packed += packed;
    });
    return this;
  }

  /** Packed length of a block that was added. */
  packedAt(block: Buffer): number {
    return this.#seen.get(idOf(block)) ?? packedLength(block);
  }
}

/** Reads v1 and v2 whole and compresses what a backup would. Some ten seconds for images of 4 GiB. */
export function workloadOf(v1: string, v2: string, list: string): Workload & { readonly offsets: readonly number[] } {
  const first = new BlockSet().add(v1);
  const second = new BlockSet().add(v2);
  const changes = changesOf(v1, v2, list, first);
  return {
    size: statSync(v1).size,
    nonZero1: first.nonZero,
    distinct1: first.distinct,
    packed1: first.packed,
    nonZero2: second.nonZero,
    distinct2: second.distinct,
    packed2: second.packed,
    ...changes,
    offsets: first.offsets,
  };
}

type Changes = Pick<Workload, "listed" | "listedNonZero" | "parent" | "parentPacked" | "delta" | "deltaPacked">;

function changesOf(v1: string, v2: string, list: string, first: BlockSet): Changes {
  const sums = { listed: 0, listedNonZero: 0, parent: 0, parentPacked: 0, delta: 0, deltaPacked: 0 };
  const [before, now, zeros] = [Buffer.alloc(BLOCK), Buffer.alloc(BLOCK), Buffer.alloc(BLOCK)];
  const [file1, file2] = [openSync(v1, "r"), openSync(v2, "r")];
  for (const number of numbersIn(list)) {
    readSync(file1, before, 0, BLOCK, number * BLOCK);
    readSync(file2, now, 0, BLOCK, number * BLOCK);
    sums.listed += BLOCK;
    if (now.equals(zeros)) continue;
    sums.listedNonZero += BLOCK;
    const hadParent = !before.equals(zeros);
    if (hadParent) {
      sums.parent += BLOCK;
      sums.parentPacked += first.packedAt(before);
    }
    const parts = hadParent ? changedParts(before, now) : [now];
    const bytes = Buffer.concat(parts);
    if (bytes.length === 0) continue;
    sums.delta += bytes.length;
    sums.deltaPacked += packedLength(bytes);
  }
  closeSync(file1);
  closeSync(file2);
  return sums;
}

function changedParts(before: Buffer, now: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < BLOCK; at += SUB_BLOCK)
    if (now.compare(before, at, at + SUB_BLOCK, at, at + SUB_BLOCK) !== 0) parts.push(now.subarray(at, at + SUB_BLOCK));
  return parts;
}

function numbersIn(list: string): number[] {
  return readFileSync(list, "utf8").split("\n").filter(Boolean).map(Number);
}

function idOf(block: Buffer): string {
  return createHash("sha256").update(block).digest("base64");
}
