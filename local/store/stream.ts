/** A whole disk to standard output, in disk order: every block is checked before its first byte is written. */
import type { Writable } from "node:stream";
import { openDomain } from "../../core/engine/domain-crypto.ts";
import { blockLength } from "../../core/engine/geometry.ts";
import type { Slot } from "../../core/engine/leaf.ts";
import { BLOCK_BYTES } from "../../core/engine/numbers.ts";
import { PackReader } from "../../core/engine/pack-reader.ts";
import { readBlocks, readBuffers } from "../../core/engine/read-blocks.ts";
import { readRoot } from "../../core/engine/root-store.ts";
import { leafReader } from "../../core/engine/stretches.ts";
import { Interrupted } from "../../core/ports/data-plane.ts";
import type { OpenStore } from "./open.ts";
import type { Watch } from "./watch.ts";

/** Blocks put in order at a time: 8 MiB of memory, twice while the next ones are read ahead. */
const WINDOW_BLOCKS = 16;
const ZEROS = Buffer.alloc(BLOCK_BYTES);

/** Whoever reads our output has closed it. */
class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}

/** @throws Damaged, ObjectMissing, StoreFailed, Interrupted, OutputClosed */
export async function streamDisk(store: OpenStore, rootId: string, output: Writable, watch: Watch): Promise<void> {
  const crypto = await openDomain(store.domain);
  const root = await readRoot(store.objects, crypto, rootId);
  const reader = await PackReader.open(store.objects, crypto);
  const buffers = readBuffers();

  async function* windows(): AsyncGenerator<readonly Buffer[]> {
    const slotsOf = leafReader(root, reader);
    for (const leaf of root.leaves.keys()) {
      const slots = await slotsOf(leaf);
      for (let first = 0; first < slots.length; first += WINDOW_BLOCKS)
        yield await inOrder(slots.slice(first, first + WINDOW_BLOCKS), (index) =>
          blockLength(root.size, leaf, first + index),
        );
    }
  }
  async function inOrder(slots: readonly Slot[], lengthOf: (index: number) => number): Promise<readonly Buffer[]> {
    const blocks = slots.map((_, index) => ZEROS.subarray(0, lengthOf(index)));
    for await (const outcome of readBlocks(reader, crypto, slots, lengthOf, buffers)) {
      if ("error" in outcome) throw outcome.error;
      // The bytes are ours only until the next outcome is asked for.
      const own = Buffer.from(outcome.plain);
      for (const index of outcome.blocks) blocks[index] = own;
    }
    return blocks;
  }

  const sink = new Sink(output, watch.signal);
  try {
    const source = windows();
    let ahead = source.next();
    for (;;) {
      const { done, value } = await ahead;
      if (done) break;
      // Read while these are written; a failure is met when it is its turn.
      ahead = source.next();
      ahead.catch(() => undefined);
      for (const block of value) {
        await sink.write(block);
        watch.onProgress(block.length);
      }
    }
  } finally {
    sink.release();
  }
}

/** Waits for a slow reader, and ends when it goes away or the work is stopped. */
class Sink {
  readonly #output: Writable;
  readonly #signal: AbortSignal;
  #failure: Error | undefined;
  #reject: ((error: Error) => void) | undefined;

  constructor(output: Writable, signal: AbortSignal) {
    this.#output = output;
    this.#signal = signal;
    output.on("error", this.#onError);
    signal.addEventListener("abort", this.#onAbort);
    if (signal.aborted) this.#onAbort();
  }

  write(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#reject = reject;
      this.#output.write(bytes, (error) => {
        if (error) this.#onError(error);
        else resolve();
      });
    });
  }

  release(): void {
    this.#output.off("error", this.#onError);
    this.#signal.removeEventListener("abort", this.#onAbort);
  }

  #end(failure: Error): void {
    this.#failure ??= failure;
    this.#reject?.(this.#failure);
  }
  #onError = (error: NodeJS.ErrnoException): void => {
    const closed = error.code === "EPIPE";
    this.#end(closed ? new OutputClosed("whoever reads the output has closed it (EPIPE)", { cause: error }) : error);
  };
  #onAbort = (): void => this.#end(new Interrupted("the restore was stopped"));
}
