/** The block work of a comparison: reads the source and compares ids. */
import type { BlockAccess, BlockHint, BlockSource } from "../ports/blocks.ts";
import { type CompareUnit, SourceDiffers } from "../ports/data-plane.ts";
import { runsOf, surveyBlocks } from "./block-runs.ts";
import { type DomainCrypto, openDomain } from "./domain-crypto.ts";
import { blockOffset } from "./geometry.ts";
import type { CompareHand, Stretch } from "./hands.ts";
import type { Slot } from "./leaf.ts";
import { BLOCK_BYTES, LEAF_BLOCKS, SOURCE_READ_BYTES } from "./numbers.ts";
import type { Pace } from "./pace.ts";
import { pagesOf } from "./pages.ts";

const ZEROS = Buffer.alloc(BLOCK_BYTES);

/** @throws SourceChanged */
export async function openCompareHand(blocks: BlockAccess, unit: CompareUnit, pace: Pace): Promise<CompareHand> {
  const crypto = await openDomain(unit.domain);
  return new Hand(unit, crypto, await blocks.openSource(unit.source), pace);
}

class Hand implements CompareHand {
  readonly #unit: CompareUnit;
  readonly #crypto: DomainCrypto;
  readonly #source: BlockSource;
  readonly #pace: Pace;
  readonly #piece = pagesOf(SOURCE_READ_BYTES);

  constructor(unit: CompareUnit, crypto: DomainCrypto, source: BlockSource, pace: Pace) {
    this.#unit = unit;
    this.#crypto = crypto;
    this.#source = source;
    this.#pace = pace;
  }

  async compare({ leaf, first, bytes, slots }: Stretch): Promise<number> {
    const { source, rootId } = this.#unit;
    const start = blockOffset(leaf, first);
    if (this.#source.size < start + bytes)
      throw new SourceDiffers(`${source.diskId} has ${this.#source.size} bytes, ${rootId} at least ${start + bytes}`);
    const hints = await surveyBlocks(this.#source, leaf * LEAF_BLOCKS + first, slots.length);
    for (const { first: from, end, read } of runsOf(slots.length, (at) => needsRead(hints?.[at], slots[at]))) {
      const length = Math.min(end * BLOCK_BYTES, bytes) - from * BLOCK_BYTES;
      if (read) await this.#read(start, from, this.#piece.subarray(0, length), slots);
      const turn = this.#pace.worked(length);
      if (turn !== undefined) await turn;
    }
    this.#pace.tell();
    return bytes;
  }

  async close(): Promise<void> {
    await this.#source.close();
  }

  async #read(start: number, from: number, piece: Buffer, slots: readonly Slot[]): Promise<void> {
    await this.#source.read(start + from * BLOCK_BYTES, piece);
    for (let at = 0, index = from; at < piece.length; at += BLOCK_BYTES, index++) {
      const block = piece.subarray(at, at + BLOCK_BYTES);
      const slot = slots[index];
      const equal = slot ? this.#crypto.id(block).equals(slot.id) : block.equals(ZEROS.subarray(0, block.length));
      if (!equal) throw this.#differs(start + index * BLOCK_BYTES);
    }
  }

  #differs(offset: number): SourceDiffers {
    const { source, rootId } = this.#unit;
    const block = offset / BLOCK_BYTES;
    return new SourceDiffers(`${source.diskId} differs from ${rootId} in block ${block}, at byte offset ${offset}`);
  }
}

/** Zeros on both sides are equal without a read. What was the same in another capture says nothing of this root. */
function needsRead(hint: BlockHint | undefined, slot: Slot): boolean {
  return hint !== "zero" || slot !== undefined;
}
