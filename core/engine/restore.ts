/** Restores a run of leaves: every block is checked before it is written, and on request once more as the target gives it back. */
import type { BlockAccess, BlockTarget } from "../ports/blocks.ts";
import { TargetUnusable } from "../ports/blocks.ts";
import { Damaged, type RestoreResult, type RestoreUnit } from "../ports/data-plane.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { type DomainCrypto, openDomain } from "./domain-crypto.ts";
import { blockLength, blockOffset, blocksOfLeaf, checkRange } from "./geometry.ts";
import type { Slot } from "./leaf.ts";
import { framesOfLeaf } from "./leaf-frames.ts";
import { BLOCK_BYTES, ZERO_BYTES } from "./numbers.ts";
import type { Pace } from "./pace.ts";
import { packName } from "./pack-format.ts";
import { PackReader } from "./pack-reader.ts";
import type { Root } from "./root-format.ts";
import { readRoot } from "./root-store.ts";

/** With read-back, writing stops at this share of the budget: reading back takes less than the rest of it. */
const WRITE_SHARE = 0.6;
const ZEROS = Buffer.alloc(BLOCK_BYTES);

/** Idempotent: a leaf restored twice holds the same bytes. @throws Damaged, TargetUnusable, Interrupted, StoreFailed */
export async function restore(
  objects: ObjectStore,
  blocks: BlockAccess,
  unit: RestoreUnit,
  pace: Pace,
): Promise<RestoreResult> {
  pace.check();
  const crypto = await openDomain(unit.domain);
  const root = await readRoot(objects, crypto, unit.rootId);
  checkRange(unit, root.size);
  if (unit.target.size < root.size)
    throw new TargetUnusable(`${unit.target.diskId} has ${unit.target.size} bytes, the backup ${root.size}`);
  const target = await blocks.openTarget(unit.target);
  try {
    if (target.size < root.size)
      throw new TargetUnusable(`${unit.target.diskId} has ${target.size} bytes, the backup ${root.size}`);
    return await new Restoring(unit, new PackReader(objects, crypto), crypto, root, target, pace).run();
  } finally {
    await target.close();
  }
}

class Restoring {
  readonly #unit: RestoreUnit;
  readonly #reader: PackReader;
  readonly #crypto: DomainCrypto;
  readonly #root: Root;
  readonly #target: BlockTarget;
  readonly #pace: Pace;
  #written = 0;
  #zeroed = 0;
  #readBack = 0;

  constructor(
    unit: RestoreUnit,
    reader: PackReader,
    crypto: DomainCrypto,
    root: Root,
    target: BlockTarget,
    pace: Pace,
  ) {
    this.#unit = unit;
    this.#reader = reader;
    this.#crypto = crypto;
    this.#root = root;
    this.#target = target;
    this.#pace = pace;
  }

  async run(): Promise<RestoreResult> {
    const { firstLeaf, endLeaf, budgetMs, readBack } = this.#unit;
    const writeBudget = readBack ? budgetMs * WRITE_SHARE : budgetMs;
    let next = firstLeaf;
    do await this.#write(next++);
    while (next < endLeaf && this.#pace.elapsed < writeBudget);
    await this.#target.sync();
    if (readBack) for (let leaf = firstLeaf; leaf < next; leaf++) await this.#compare(leaf);
    this.#pace.check();
    this.#pace.tell();
    return { firstLeaf, endLeaf: next, written: this.#written, zeroed: this.#zeroed, readBack: this.#readBack };
  }

  async #slots(leaf: number): Promise<readonly Slot[]> {
    const ref = this.#root.leaves[leaf];
    if (ref !== undefined) return this.#reader.leaf(ref, this.#root.size, leaf);
    return new Array<Slot>(blocksOfLeaf(this.#root.size, leaf)).fill(undefined);
  }

  async #write(leaf: number): Promise<void> {
    const { size } = this.#root;
    const slots = await this.#slots(leaf);
    if (this.#unit.target.mode === "overwrite") await this.#zero(leaf, slots);
    else await this.#worked(zeroBytes(slots, (index) => blockLength(size, leaf, index)));
    for await (const outcome of framesOfLeaf(this.#reader, slots, (index) => blockLength(size, leaf, index))) {
      if ("error" in outcome) throw outcome.error;
      const { plain, frame } = outcome;
      const id = slots[frame.blocks[0] ?? 0]?.id;
      if (id === undefined || !this.#crypto.id(plain).equals(id)) throw wrongBlock(frame.place.pack, frame.place.frame);
      for (const index of frame.blocks) {
        // One frame may stand for many blocks, but only for blocks of the very same bytes.
        if (!slots[index]?.id.equals(id)) throw wrongBlock(frame.place.pack, frame.place.frame);
        await this.#target.write(blockOffset(leaf, index), plain);
        this.#written += plain.length;
        await this.#worked(plain.length);
      }
      this.#pace.churned(plain.length);
    }
  }

  /** Zeroes what must read as zeros, in runs as long as possible. */
  async #zero(leaf: number, slots: readonly Slot[]): Promise<void> {
    const { size } = this.#root;
    for (let index = 0; index < slots.length; index++) {
      if (slots[index] !== undefined) continue;
      let end = index + 1;
      while (end < slots.length && slots[end] === undefined) end++;
      const stop = Math.min(blockOffset(leaf, end), size);
      for (let offset = blockOffset(leaf, index); offset < stop; offset += ZERO_BYTES) {
        const length = Math.min(ZERO_BYTES, stop - offset);
        await this.#target.zero(offset, length);
        this.#zeroed += length;
        await this.#worked(length);
      }
      index = end;
    }
  }

  /** Reads a leaf back from the target: what is durable there must be what was backed up. */
  async #compare(leaf: number): Promise<void> {
    const { size } = this.#root;
    const buffer = Buffer.allocUnsafe(BLOCK_BYTES);
    for (const [index, slot] of (await this.#slots(leaf)).entries()) {
      const bytes = buffer.subarray(0, blockLength(size, leaf, index));
      await this.#target.read(blockOffset(leaf, index), bytes);
      const equal = slot ? this.#crypto.id(bytes).equals(slot.id) : bytes.equals(ZEROS.subarray(0, bytes.length));
      if (!equal)
        throw new Damaged(
          `disk ${this.#unit.target.diskId}`,
          `gave back other bytes than were restored at offset ${blockOffset(leaf, index)}`,
        );
      this.#readBack += bytes.length;
      await this.#worked(bytes.length);
    }
  }

  /** Each byte counts once: with read-back, half when written and half when compared. */
  async #worked(bytes: number): Promise<void> {
    const turn = this.#pace.worked(this.#unit.readBack ? bytes / 2 : bytes);
    if (turn !== undefined) await turn;
  }
}

function zeroBytes(slots: readonly Slot[], lengthOf: (index: number) => number): number {
  return slots.reduce((sum, slot, index) => sum + (slot === undefined ? lengthOf(index) : 0), 0);
}

function wrongBlock(pack: string, frame: number): Damaged {
  return new Damaged(packName(pack), `frame ${frame} holds another block`);
}
