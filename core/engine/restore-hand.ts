/** The block work of a restore: reads blocks, checks them, writes them, and compares what the target gives back. */
import type { BlockAccess, BlockTarget } from "../ports/blocks.ts";
import { TargetUnusable } from "../ports/blocks.ts";
import { Damaged, type RestoreUnit } from "../ports/data-plane.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { type DomainCrypto, openDomain } from "./domain-crypto.ts";
import { blockOffset } from "./geometry.ts";
import type { RestoreHand, Stretch } from "./hands.ts";
import { BLOCK_BYTES, ZERO_BYTES } from "./numbers.ts";
import type { Pace } from "./pace.ts";
import { PackReader } from "./pack-reader.ts";
import { pagesOf } from "./pages.ts";
import { readBlocks, readBuffers } from "./read-blocks.ts";

const ZEROS = Buffer.alloc(BLOCK_BYTES);

/** @throws TargetUnusable */
export async function openRestoreHand(
  objects: ObjectStore,
  blocks: BlockAccess,
  unit: RestoreUnit,
  pace: Pace,
): Promise<RestoreHand> {
  const crypto = await openDomain(unit.domain);
  const reader = await PackReader.open(objects, crypto);
  const target = await blocks.openTarget(unit.target);
  if (target.size >= unit.target.size) return new Hand(unit, crypto, reader, target, pace);
  await target.close();
  throw new TargetUnusable(`${unit.target.diskId} has ${target.size} bytes instead of ${unit.target.size}`);
}

class Hand implements RestoreHand {
  readonly #unit: RestoreUnit;
  readonly #crypto: DomainCrypto;
  readonly #reader: PackReader;
  readonly #target: BlockTarget;
  readonly #pace: Pace;
  readonly #buffers = readBuffers();
  readonly #seen = pagesOf(BLOCK_BYTES);

  constructor(unit: RestoreUnit, crypto: DomainCrypto, reader: PackReader, target: BlockTarget, pace: Pace) {
    this.#unit = unit;
    this.#crypto = crypto;
    this.#reader = reader;
    this.#target = target;
    this.#pace = pace;
  }

  async write({ leaf, first, bytes, slots }: Stretch): Promise<{ readonly written: number; readonly zeroed: number }> {
    const lengthOf = (index: number) => Math.min(BLOCK_BYTES, bytes - index * BLOCK_BYTES);
    const start = blockOffset(leaf, first);
    // A new target reads as zeros where nothing was written.
    const zeroed = this.#unit.target.mode === "overwrite" ? await this.#zero(start, bytes, slots) : 0;
    let written = 0;
    for await (const outcome of readBlocks(this.#reader, this.#crypto, slots, lengthOf, this.#buffers)) {
      if ("error" in outcome) throw outcome.error;
      for (const index of outcome.blocks) {
        await this.#target.write(start + index * BLOCK_BYTES, outcome.plain);
        written += outcome.plain.length;
        await this.#worked(outcome.plain.length);
      }
      this.#pace.churned(outcome.plain.length);
    }
    await this.#worked(bytes - written - zeroed);
    return { written, zeroed };
  }

  async sync(): Promise<void> {
    await this.#target.sync();
    this.#pace.check();
    this.#pace.tell();
  }

  async readBack({ leaf, first, bytes, slots }: Stretch): Promise<number> {
    for (const [index, slot] of slots.entries()) {
      const at = blockOffset(leaf, first) + index * BLOCK_BYTES;
      const seen = this.#seen.subarray(0, Math.min(BLOCK_BYTES, bytes - index * BLOCK_BYTES));
      await this.#target.read(at, seen);
      const equal = slot ? this.#crypto.id(seen).equals(slot.id) : seen.equals(ZEROS.subarray(0, seen.length));
      if (!equal)
        throw new Damaged(
          `disk ${this.#unit.target.diskId}`,
          `gave back other bytes than were restored at offset ${at}`,
        );
      await this.#worked(seen.length);
    }
    this.#pace.tell();
    return bytes;
  }

  async close(): Promise<void> {
    await this.#target.close();
  }

  /** Zeroes what must read as zeros, in runs as long as possible. @returns bytes */
  async #zero(start: number, bytes: number, slots: Stretch["slots"]): Promise<number> {
    let zeroed = 0;
    for (let index = 0; index < slots.length; index++) {
      if (slots[index] !== undefined) continue;
      let end = index + 1;
      while (end < slots.length && slots[end] === undefined) end++;
      const stop = Math.min(end * BLOCK_BYTES, bytes);
      for (let offset = index * BLOCK_BYTES; offset < stop; offset += ZERO_BYTES) {
        const length = Math.min(ZERO_BYTES, stop - offset);
        await this.#target.zero(start + offset, length);
        zeroed += length;
        await this.#worked(length);
      }
      index = end;
    }
    return zeroed;
  }

  /** Each byte counts once: with read-back, half when written and half when compared. */
  async #worked(bytes: number): Promise<void> {
    const turn = this.#pace.worked(this.#unit.readBack ? bytes / 2 : bytes);
    if (turn !== undefined) await turn;
  }
}
