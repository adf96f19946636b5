/** A disk image whose every block is known: what each version of it holds, how versions differ, what its SHA-256 is. */
import { createCipheriv, createHash } from "node:crypto";
import { closeSync, fdatasyncSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";

/** The grid of the format: `used` is counted in these. */
const BLOCK = 512 * 1024;

/** Seeds of the blocks, 0 for zeros: equal seeds are equal bytes. */
export interface Version {
  readonly seeds: Uint32Array;
  readonly sha256: string;
}

export interface KnownImage {
  readonly path: string;
  /** What the file holds now. */
  readonly current: Version;
  /** Changes, zeroes and adds some blocks in every leaf, and makes that the current version. */
  change(): Version;
  /** Says that a restore has brought this version back, after looking. @throws naming the first wrong block */
  mustHold(version: Version): void;
}

/**
 * Makes a sparse image of `size` bytes with `dataBytes` of data, spread over its whole length in runs of 16 blocks.
 * @param random numbers in [0, 1)
 */
export function createImage(path: string, size: number, dataBytes: number, random: () => number): KnownImage {
  const blocks = Math.ceil(size / BLOCK);
  const wanted = Math.ceil(dataBytes / BLOCK);
  const seeds = new Uint32Array(blocks);
  let nextSeed = 1;
  const runs = Math.ceil(wanted / 16);
  for (let run = 0; run < runs; run++) {
    const first = Math.floor((run * (blocks - 16)) / Math.max(1, runs - 1));
    for (let i = 0; i < 16; i++) seeds[Math.min(blocks - 1, first + i)] = nextSeed++;
  }
  const file = openSync(path, "wx", 0o600);
  ftruncateSync(file, size);
  seeds.forEach((seed, index) => {
    if (seed !== 0) writeBlock(file, size, index, seed);
  });
  fdatasyncSync(file);
  closeSync(file);
  let current: Version = { seeds: seeds.slice(), sha256: hashFile(path) };

  return {
    path,
    get current() {
      return current;
    },
    change() {
      const changed = current.seeds.slice();
      const into = openSync(path, "r+");
      const set = (index: number, seed: number): void => {
        changed[index] = seed;
        writeBlock(into, size, index, seed);
      };
      const pick = (wantsData: boolean): number => {
        for (;;) {
          const index = Math.floor(random() * blocks);
          if ((changed[index] !== 0) === wantsData) return index;
        }
      };
      for (let i = 0; i < 6; i++) set(pick(true), nextSeed++);
      for (let i = 0; i < 2; i++) set(pick(true), 0);
      for (let i = 0; i < 2; i++) set(pick(false), nextSeed++);
      // The shorter last block too: its length is what makes sums wrong.
      set(blocks - 1, nextSeed++);
      fdatasyncSync(into);
      closeSync(into);
      current = { seeds: changed, sha256: hashFile(path) };
      return current;
    },
    mustHold(version) {
      if (hashFile(path) !== version.sha256) throw new Error(`${path}: ${firstDifference(path, size, version)}`);
      current = version;
    },
  };
}

/** d(from, to) in bytes: blocks of `to` that are not zero and differ from `from` at their place (CAP-01..04). */
export function differenceOf(from: Version | undefined, to: Version, size: number): number {
  let bytes = 0;
  to.seeds.forEach((seed, index) => {
    if (seed !== 0 && seed !== (from?.seeds[index] ?? 0)) bytes += lengthOf(size, index);
  });
  return bytes;
}

const lengthOf = (size: number, index: number): number => Math.min(BLOCK, size - index * BLOCK);

/** Half of a block is noise, half repeats: both ways of storing a frame are used. */
function bytesOf(seed: number, length: number): Buffer {
  if (seed === 0) return Buffer.alloc(length);
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed);
  const noise = createCipheriv("aes-128-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(Math.ceil(length / 2)));
  return Buffer.concat([noise, Buffer.alloc(length - noise.length, noise.subarray(0, 64))]);
}

function writeBlock(file: number, size: number, index: number, seed: number): void {
  writeSync(file, bytesOf(seed, lengthOf(size, index)), 0, lengthOf(size, index), index * BLOCK);
}

function hashFile(path: string): string {
  const hash = createHash("sha256");
  const piece = Buffer.alloc(4 * 1024 * 1024);
  const file = openSync(path, "r");
  for (let n = readSync(file, piece); n > 0; n = readSync(file, piece)) hash.update(piece.subarray(0, n));
  closeSync(file);
  return hash.digest("hex");
}

function firstDifference(path: string, size: number, { seeds }: Version): string {
  const file = openSync(path, "r");
  const found = Buffer.alloc(BLOCK);
  let wrong = 0;
  let first = -1;
  seeds.forEach((seed, index) => {
    const length = lengthOf(size, index);
    readSync(file, found, 0, length, index * BLOCK);
    if (found.subarray(0, length).equals(bytesOf(seed, length))) return;
    wrong++;
    if (first < 0) first = index;
  });
  closeSync(file);
  return wrong === 0 ? "its length differs" : `${wrong} blocks are wrong, the first is ${first}`;
}
