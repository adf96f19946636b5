/** What does an export say of its blocks of 512 KiB: which read as zeros, which are dirty in its bitmap? */
import type { BlockHint } from "../../../core/ports/blocks.ts";
import type { NbdConnection } from "./connection.ts";
import { nonsense } from "./errors.ts";
import { ALLOCATION, STATE_DIRTY, STATE_ZERO } from "./protocol.ts";
import { BLOCK_BYTES } from "./references.ts";

/** One question covers 1 GiB: a reply of 256 KiB at most from an image with clusters of 64 KiB, usually a hundred bytes. */
const WINDOW_BLOCKS = 2048;
const DESCRIPTOR_BYTES = 8;

/** A part of the block is not known to read as zeros. */
const HOLDS_DATA = 1;
/** A part of the block is dirty, or may be. */
const DIRTY = 2;

/** Consecutive blocks from `first`, a byte of bits each. */
interface Window {
  readonly first: number;
  readonly bits: Uint8Array;
}

/** Two windows are kept: the one being asked about, and the next, which is fetched meanwhile. Asked in any order, one at a time. */
export class BlockMap {
  readonly #connection: NbdConnection;
  readonly #blocks: number;
  readonly #bitmap: string | undefined;
  #window: Window = { first: 0, bits: new Uint8Array(0) };
  #next: { readonly first: number; readonly window: Promise<Window> } | undefined;

  /** `bitmap` is the context whose clean blocks are as they were in the caller's earlier capture. */
  constructor(connection: NbdConnection, bitmap: string | undefined) {
    this.#connection = connection;
    this.#blocks = Math.ceil(connection.facts.size / BLOCK_BYTES);
    this.#bitmap = bitmap;
  }

  /** @throws RangeError beyond the end; NbdError */
  async hints(first: number, count: number): Promise<BlockHint[]> {
    if (!(first >= 0 && count >= 0 && first + count <= this.#blocks))
      throw new RangeError(`blocks ${first} to ${first + count} are outside of 0 to ${this.#blocks}`);
    const hints: BlockHint[] = [];
    for (let block = first; block < first + count; block++) {
      const index = block - this.#window.first;
      const bits = this.#window.bits[index] ?? (await this.#move(block));
      hints.push((bits & DIRTY) === 0 ? "same" : (bits & HOLDS_DATA) === 0 ? "zero" : "data");
    }
    return hints;
  }

  /** Makes the window start at a block that is outside of it; answers that block's bits. */
  async #move(block: number): Promise<number> {
    const next = this.#next?.first === block ? this.#next.window : this.#fetch(block);
    this.#next = undefined;
    this.#window = await next;
    const end = block + this.#window.bits.length;
    if (end < this.#blocks) {
      const window = this.#fetch(end);
      // Its error is told to whoever asks about these blocks.
      window.catch(() => undefined);
      this.#next = { first: end, window };
    }
    return this.#window.bits[0] ?? 0;
  }

  async #fetch(first: number): Promise<Window> {
    const { facts } = this.#connection;
    const count = Math.min(WINDOW_BLOCKS, this.#blocks - first);
    const start = first * BLOCK_BYTES;
    const end = Math.min(facts.size, start + count * BLOCK_BYTES);
    const allocation = facts.contexts.get(ALLOCATION);
    const bitmap = this.#bitmap === undefined ? undefined : facts.contexts.get(this.#bitmap);
    const bits = new Uint8Array(count).fill(
      (allocation === undefined ? HOLDS_DATA : 0) | (bitmap === undefined ? DIRTY : 0),
    );
    if (facts.contexts.size === 0) return { first, bits };
    // What a reply does not reach is asked about again; a context may reach further than another.
    for (let at = start; at < end; ) {
      const extents = await this.#connection.blockStatus(at, end - at);
      let covered = end;
      for (const [id, descriptors] of extents) {
        const mark = (flags: number): number => {
          if (id === allocation) return (flags & STATE_ZERO) === 0 ? HOLDS_DATA : 0;
          if (id === bitmap) return (flags & STATE_DIRTY) === 0 ? 0 : DIRTY;
          return 0;
        };
        covered = Math.min(covered, apply(bits, start, at, end, descriptors, mark));
      }
      // The next question starts where the server can be asked.
      const next = covered < end ? covered - (covered % facts.minimumBytes) : end;
      if (next <= at) throw nonsense(`a block status that covers ${covered - at} bytes at ${at}`);
      at = next;
    }
    return { first, bits };
  }
}

/** Enters descriptors that start at `at` into the bits of blocks from `start`; answers where they end. */
function apply(
  bits: Uint8Array,
  start: number,
  at: number,
  end: number,
  descriptors: Buffer,
  mark: (flags: number) => number,
): number {
  let from = at;
  for (let place = 0; place < descriptors.length; place += DESCRIPTOR_BYTES) {
    const length = descriptors.readUInt32BE(place);
    // Only the last one may reach beyond what was asked about.
    if (length === 0 || from >= end) throw nonsense(`a block status with ${length} bytes at ${from}`);
    const until = Math.min(end, from + length);
    const bit = mark(descriptors.readUInt32BE(place + 4));
    if (bit !== 0) {
      const last = Math.ceil((until - start) / BLOCK_BYTES);
      for (let index = Math.floor((from - start) / BLOCK_BYTES); index < last; index++)
        bits[index] = (bits[index] ?? 0) | bit;
    }
    from = until;
  }
  return from;
}
