/** Disks of the histories: image files that change, and what each version of them held, kept outside of the store. */
import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { Writable } from "node:stream";
import { BLOCK, pattern } from "../support/engine-disks.ts";

/** One version of a disk. Blocks that are missing are zero; none is ever changed in place. */
export interface Content {
  readonly size: number;
  readonly blocks: ReadonlyMap<number, Buffer>;
}

const ZEROS = Buffer.alloc(BLOCK);
const KINDS_OF_BLOCKS = 24;
const pool: Buffer[] = [];

/** One of a few blocks, so that disks share some; odd ones do not compress. */
function poolBlock(index: number): Buffer {
  pool[index] ??= Buffer.from(pattern(BLOCK, index, index % 2 === 1));
  return pool[index];
}

export class ChangingImage {
  readonly path: string;
  readonly name: string;
  readonly #random: () => number;
  now: Content = { size: 0, blocks: new Map() };

  constructor(name: string, path: string, size: number, random: () => number) {
    this.name = name;
    this.path = path;
    this.#random = random;
    this.#write({ size, blocks: new Map() }, []);
    for (let i = 0; i < 4; i++) this.change();
  }

  /** Takes over what another disk holds: a clone. */
  copy(other: ChangingImage): void {
    this.#write(other.now, [...new Set([...other.now.blocks.keys(), ...this.now.blocks.keys()])]);
  }

  /** One to three blocks: other bytes, a few other bytes, zeros; now and then another size. */
  change(): void {
    const random = this.#random;
    let { size } = this.now;
    const blocks = new Map(this.now.blocks);
    const touched: number[] = [];
    for (let left = 1 + Math.floor(random() * 3); left > 0; left--) {
      const index = this.#someBlock();
      const kind = random();
      const old = blocks.get(index);
      if (kind < 0.15) blocks.delete(index);
      else if (kind < 0.5 && old !== undefined) blocks.set(index, patched(old, random));
      else blocks.set(index, fresh(random));
      touched.push(index);
    }
    if (random() < 0.06 && size < 64 * BLOCK)
      size = Math.max(BLOCK, size + (Math.floor(random() * 5) - 2) * BLOCK + 512);
    const inside = Math.ceil(size / BLOCK);
    for (const [index, bytes] of blocks) {
      const length = size - index * BLOCK;
      if (index >= inside) blocks.delete(index);
      // What is cut off is zero when the disk grows again.
      else if (length < BLOCK) blocks.set(index, Buffer.concat([bytes.subarray(0, length), ZEROS.subarray(length)]));
    }
    this.#write({ size, blocks }, touched);
  }

  /** Blocks that are not as they were then: what a change list may leave out is the rest. */
  changedSince(then: Content): readonly number[] {
    const all = new Set([...then.blocks.keys(), ...this.now.blocks.keys()]);
    return [...all].filter((index) => !blockOf(this.now, index).equals(blockOf(then, index)));
  }

  /** Large disks have data at their beginning, around the border of their leaves, and at their end. */
  #someBlock(): number {
    const count = Math.ceil(this.now.size / BLOCK);
    const at = Math.floor(this.#random() * Math.min(count, 12));
    return count <= 12 || at < 6 ? at : count - 1 - (at - 6);
  }

  #write(next: Content, touched: readonly number[]): void {
    this.now = next;
    closeSync(openSync(this.path, "a"));
    const fd = openSync(this.path, "r+");
    try {
      ftruncateSync(fd, next.size);
      for (const index of touched) {
        const bytes = blockOf(next, index);
        const length = Math.min(BLOCK, next.size - index * BLOCK);
        if (length > 0) writeSync(fd, bytes, 0, length, index * BLOCK);
      }
    } finally {
      closeSync(fd);
    }
  }
}

function fresh(random: () => number): Buffer {
  return poolBlock(Math.floor(random() * KINDS_OF_BLOCKS));
}

/** A few bytes in one or two places: the engine makes patches of such changes. */
function patched(old: Buffer, random: () => number): Buffer {
  const bytes = Buffer.from(old);
  for (let left = 1 + Math.floor(random() * 2); left > 0; left--)
    bytes.writeUInt32LE(Math.floor(random() * 2 ** 32), Math.floor(random() * (BLOCK - 4)));
  return bytes;
}

function blockOf(content: Content, index: number): Buffer {
  return content.blocks.get(index) ?? ZEROS;
}

/** The first byte at which bytes that stand at `offset` are not the content's; undefined when they are. */
function firstWrong(content: Content, offset: number, bytes: Buffer): number | undefined {
  for (let at = 0; at < bytes.length; ) {
    const inBlock = (offset + at) % BLOCK;
    const length = Math.min(BLOCK - inBlock, bytes.length - at);
    const expected = blockOf(content, Math.floor((offset + at) / BLOCK)).subarray(inBlock, inBlock + length);
    if (!expected.equals(bytes.subarray(at, at + length))) return offset + at;
    at += length;
  }
  return undefined;
}

/** What a whole disk, or what was handed out of it, differs in; undefined when it is the content or a beginning of it. */
export class Comparer extends Writable {
  readonly #content: Content;
  length = 0;
  wrongAt: number | undefined;

  constructor(content: Content) {
    super({ highWaterMark: 4 * BLOCK });
    this.#content = content;
  }
  override _write(bytes: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.wrongAt ??=
      this.length + bytes.length > this.#content.size
        ? this.#content.size
        : firstWrong(this.#content, this.length, bytes);
    this.length += bytes.length;
    done();
  }
  /** Undefined when it was all of it. */
  get problem(): string | undefined {
    if (this.wrongAt !== undefined) return `byte ${this.wrongAt} is wrong`;
    return this.length === this.#content.size ? undefined : `${this.length} bytes of ${this.#content.size}`;
  }
}
