/** Transfers a run of leaves: reads the source, stores what the parent does not have, and reports what was counted. */
import type { BlockAccess, BlockSource } from "../ports/blocks.ts";
import type { TransferResult, TransferUnit } from "../ports/data-plane.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { runsOf, surveyLeaf } from "./block-runs.ts";
import { type DomainCrypto, openDomain } from "./domain-crypto.ts";
import { blockLength, blockOffset, blocksOfLeaf, checkRange } from "./geometry.ts";
import { KnownBlocks } from "./known-blocks.ts";
import { encodeLeaf, type Slot } from "./leaf.ts";
import { LiveFrames } from "./live-frames.ts";
import { BLOCK_BYTES, LEAF_BLOCKS, PAYLOAD_MAX_BYTES, SOURCE_READ_BYTES } from "./numbers.ts";
import type { Pace } from "./pace.ts";
import { FRAME_TYPE } from "./pack-format.ts";
import { type PackBuffers, PackStream, type WrittenPack } from "./pack-stream.ts";
import { NO_PARENT_LEAF, Parent, type ParentLeaf } from "./parent.ts";
import { encodePayload } from "./payload.ts";
import type { PackFacts } from "./places.ts";
import { RecentBlocks } from "./recent-blocks.ts";
import { LEAF_RECORD_BYTES, type LeafSlot, packRecordBytes } from "./tables.ts";

/** What a plane lends to its transfers. */
export interface TransferContext {
  readonly objects: ObjectStore;
  readonly blocks: BlockAccess;
  readonly buffers: PackBuffers;
}

const ZEROS = Buffer.alloc(BLOCK_BYTES);
/** What one more leaf can add to a payload: its own record and a pack a block, each with one frame live. */
const LEAF_GROWTH_BYTES = LEAF_RECORD_BYTES + (LEAF_BLOCKS + 1) * packRecordBytes(64, 1) + 128;

/**
 * One attempt at a unit. What the source knows of its blocks (`survey`) is taken for granted, so `snapshot.since` must name
 * the very capture that `parentRoot` was made from. @throws SourceChanged, StoreFull, StoreFailed, Interrupted; RangeError for a bad unit
 */
export async function transfer(context: TransferContext, unit: TransferUnit, pace: Pace): Promise<TransferResult> {
  const { size } = unit.snapshot;
  checkRange(unit, size);
  pace.check();
  const crypto = await openDomain(unit.domain);
  const parent = await Parent.open(context.objects, crypto, unit.parentRoot);
  const source = await context.blocks.openSource(unit.snapshot);
  try {
    if (source.size !== size) throw new RangeError(`the source has ${source.size} bytes, its snapshot ${size}`);
    const stream = new PackStream(context.objects, crypto, context.buffers, unit.level);
    return await new Attempt(unit, crypto, parent, source, stream, pace).run();
  } finally {
    await source.close();
  }
}

class Attempt {
  readonly #unit: TransferUnit;
  readonly #crypto: DomainCrypto;
  readonly #parent: Parent | undefined;
  readonly #source: BlockSource;
  readonly #stream: PackStream;
  readonly #pace: Pace;
  readonly #piece = Buffer.allocUnsafeSlow(SOURCE_READ_BYTES);
  readonly #recent = new RecentBlocks();
  readonly #live = new LiveFrames();
  readonly #leaves: LeafSlot[] = [];
  readonly #counts = { read: 0, nonZero: 0, changed: 0 };

  constructor(
    unit: TransferUnit,
    crypto: DomainCrypto,
    parent: Parent | undefined,
    source: BlockSource,
    stream: PackStream,
    pace: Pace,
  ) {
    this.#unit = unit;
    this.#crypto = crypto;
    this.#parent = parent;
    this.#source = source;
    this.#stream = stream;
    this.#pace = pace;
  }

  async run(): Promise<TransferResult> {
    const { firstLeaf, endLeaf, budgetMs } = this.#unit;
    try {
      let next = firstLeaf;
      do {
        this.#leaves.push(await this.#leaf(next++));
      } while (next < endLeaf && this.#pace.elapsed < budgetMs && this.#payloadHasRoom());
      const written = await this.#stream.finish();
      this.#pace.check();
      this.#pace.tell();
      return this.#result(next, written);
    } catch (error) {
      await this.#stream.abandon();
      throw error;
    }
  }

  async #leaf(leaf: number): Promise<LeafSlot> {
    const { size } = this.#unit.snapshot;
    const blocks = blocksOfLeaf(size, leaf);
    const old = (await this.#parent?.leaf(leaf, size)) ?? NO_PARENT_LEAF;
    const hints = await surveyLeaf(this.#source, leaf, blocks);
    const known = new KnownBlocks(hints, old, this.#unit.snapshot.since !== undefined);
    const slots: Slot[] = [];
    const nonZeroBefore = this.#counts.nonZero;
    for (const { first, end, read } of runsOf(blocks, (index) => known.needsRead(index))) {
      const start = blockOffset(leaf, first);
      const bytes = blockOffset(leaf, end - 1) + blockLength(size, leaf, end - 1) - start;
      if (read) await this.#read(start, bytes, old, slots);
      else for (let index = first; index < end; index++) slots.push(this.#taken(known.slot(index), leaf, index));
      const turn = this.#pace.worked(bytes, this.#stream.putting);
      if (turn !== undefined) await turn;
    }
    return this.#finishLeaf(leaf, slots, old, this.#counts.nonZero - nonZeroBefore);
  }

  #taken(slot: Slot, leaf: number, index: number): Slot {
    if (slot !== undefined) this.#counts.nonZero += blockLength(this.#unit.snapshot.size, leaf, index);
    return slot;
  }

  async #read(start: number, bytes: number, old: ParentLeaf, slots: Slot[]): Promise<void> {
    const piece = this.#piece.subarray(0, bytes);
    await this.#source.read(start, piece);
    this.#counts.read += bytes;
    for (let from = 0; from < bytes; from += BLOCK_BYTES) {
      const block = piece.subarray(from, from + BLOCK_BYTES);
      const room = this.#stream.room();
      if (room !== undefined) await room;
      slots.push(this.#block(block, old, slots.length));
    }
  }

  #block(block: Buffer, old: ParentLeaf, index: number): Slot {
    if (block.equals(block.length === BLOCK_BYTES ? ZEROS : ZEROS.subarray(0, block.length))) return undefined;
    this.#counts.nonZero += block.length;
    const id = this.#crypto.id(block);
    const before = old.slots[index];
    const same = before?.id.equals(id) === true;
    if (!same) this.#counts.changed += block.length;
    // The parent's leaf is decoded into memory of its own, which its entries keep: that is why `before` may be handed on.
    if (same && before !== undefined && old.usable(before.place.pack)) return before;
    const known = this.#recent.find(id);
    if (known !== undefined) return { id, place: known };
    const place = this.#stream.append(FRAME_TYPE.block, block);
    this.#pace.churned(block.length);
    this.#recent.add(id, place);
    return { id, place };
  }

  async #finishLeaf(leaf: number, slots: readonly Slot[], old: ParentLeaf, nonZero: number): Promise<LeafSlot> {
    if (slots.every((slot) => slot === undefined)) return undefined;
    for (const slot of slots) if (slot) this.#live.mark(slot.place);
    const unchanged = slots.length === old.slots.length && slots.every((slot, index) => slot === old.slots[index]);
    if (unchanged && old.ref !== undefined && old.usable(old.ref.place.pack)) {
      if (old.ref.nonZero !== nonZero) throw new Error(`leaf ${leaf} counts ${nonZero}, its parent ${old.ref.nonZero}`);
      this.#live.mark(old.ref.place);
      return old.ref;
    }
    await this.#stream.room();
    const plain = encodeLeaf(slots);
    const place = this.#stream.append(FRAME_TYPE.leaf, plain);
    this.#live.mark(place);
    return { place, rawLength: plain.length, nonZero, id: this.#crypto.id(plain) };
  }

  /** Could one more leaf make the payload too large? Counted for blocks of one place each. */
  #payloadHasRoom(): boolean {
    const packs = this.#live.tableBytes((pack) => this.#parent?.facts(pack)?.frames);
    return packs + this.#leaves.length * LEAF_RECORD_BYTES + LEAF_GROWTH_BYTES <= PAYLOAD_MAX_BYTES;
  }

  #result(endLeaf: number, written: readonly WrittenPack[]): TransferResult {
    const own = new Map(written.map((pack) => [pack.pack, pack]));
    const packs: PackFacts[] = this.#live.packs().map((pack) => {
      const facts = own.get(pack) ?? this.#parent?.facts(pack);
      if (facts === undefined) throw new Error(`pack ${pack} is neither written nor the parent's`);
      const { size, frames, tag } = facts;
      return { pack, size, frames, tag, own: own.has(pack), ...this.#live.of(pack, frames) };
    });
    const counts = { ...this.#counts, stored: written.reduce((sum, pack) => sum + pack.size, 0) };
    const { firstLeaf, snapshot } = this.#unit;
    const payload = encodePayload({ size: snapshot.size, firstLeaf, counts, packs, leaves: this.#leaves });
    return { firstLeaf, endLeaf, counts, payload };
  }
}
