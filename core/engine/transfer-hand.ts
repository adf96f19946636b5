/** The block work of a transfer: reads the source, finds what is stored already, and stores the rest. */
import type { BlockAccess, BlockSource } from "../ports/blocks.ts";
import { ChangeListWrong, type TransferUnit } from "../ports/data-plane.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { runsOf, surveyBlocks } from "./block-runs.ts";
import { blockOffset } from "./geometry.ts";
import type { TransferHand, TransferredStretch, TransferStretch } from "./hands.ts";
import { HookedBlocks } from "./hooked-blocks.ts";
import { KnownBlocks } from "./known-blocks.ts";
import type { Slot } from "./leaf.ts";
import { BLOCK_BYTES, LEAF_BLOCKS, SAMPLE_ONE_IN, SOURCE_READ_BYTES, WHOLE } from "./numbers.ts";
import type { Pace } from "./pace.ts";
import { FRAME_TYPE } from "./pack-format.ts";
import { type PackBuffers, PackStream, type WrittenPack } from "./pack-stream.ts";
import { pagesOf } from "./pages.ts";
import { soundOr } from "./parent.ts";
import { bytesOf, changedSubBlocks, gather, isPatchable, isWhole, remaining, scatter } from "./patch.ts";
import type { BlockPlace, FramePlace, LeafEntry } from "./places.ts";
import { RecentBlocks } from "./recent-blocks.ts";
import { RepositoryView } from "./repository-view.ts";

/** What a plane lends to its transfers. */
export interface TransferContext {
  readonly objects: ObjectStore;
  readonly blocks: BlockAccess;
  readonly buffers: PackBuffers;
}

const ZEROS = Buffer.alloc(BLOCK_BYTES);

/** @throws SourceChanged; RangeError when the source has another size than its snapshot */
export async function openTransferHand(
  context: TransferContext,
  unit: TransferUnit,
  pace: Pace,
): Promise<TransferHand> {
  const view = await RepositoryView.open(context.objects, unit.domain);
  const source = await context.blocks.openSource(unit.snapshot);
  const { size } = unit.snapshot;
  if (source.size !== size) {
    await source.close();
    throw new RangeError(`the source has ${source.size} bytes, its snapshot ${size}`);
  }
  return new Hand(unit, view, source, new PackStream(context.objects, view.crypto, context.buffers, unit.level), pace);
}

/** A block of the piece that was read last. */
interface Seen {
  readonly block: Buffer;
  /** Undefined: all zero. */
  readonly id: Buffer | undefined;
  readonly before: Slot;
}

class Hand implements TransferHand {
  readonly #unit: TransferUnit;
  readonly #view: RepositoryView;
  readonly #source: BlockSource;
  readonly #stream: PackStream;
  readonly #pace: Pace;
  readonly #recent = new RecentBlocks();
  readonly #hooked: HookedBlocks;
  readonly #piece = pagesOf(SOURCE_READ_BYTES);
  /** A block of the parent, and a frame that it is made of. */
  readonly #before = pagesOf(BLOCK_BYTES);
  readonly #part = pagesOf(BLOCK_BYTES);
  /** What changed in a block, when it is put together. */
  readonly #changed = pagesOf(BLOCK_BYTES);

  constructor(unit: TransferUnit, view: RepositoryView, source: BlockSource, stream: PackStream, pace: Pace) {
    this.#unit = unit;
    this.#view = view;
    this.#source = source;
    this.#stream = stream;
    this.#pace = pace;
    this.#hooked = new HookedBlocks(view, this.#recent);
  }

  async stretch(ask: TransferStretch): Promise<TransferredStretch> {
    const { leaf, first } = ask;
    const { since } = this.#unit.snapshot;
    const blocks = Math.ceil(ask.bytes / BLOCK_BYTES);
    const hints = await surveyBlocks(this.#source, leaf * LEAF_BLOCKS + first, blocks);
    const known = new KnownBlocks(
      hints,
      ask.slots,
      ask.known,
      since !== undefined,
      this.#unit.sampleOneIn ?? SAMPLE_ONE_IN,
    );
    const counts = { read: 0, nonZero: 0, changed: 0 };
    const slots: Slot[] = [];
    for (const { first: from, end, read } of runsOf(blocks, (index) => known.needsRead(index))) {
      const bytes = Math.min(end * BLOCK_BYTES, ask.bytes) - from * BLOCK_BYTES;
      if (read) {
        const piece = this.#piece.subarray(0, bytes);
        await this.#source.read(blockOffset(leaf, first + from), piece);
        counts.read += bytes;
        await this.#blocks(piece, ask, known, slots, counts);
      } else {
        for (let index = from; index < end; index++) {
          const slot = known.slot(index);
          if (slot !== undefined) counts.nonZero += Math.min(BLOCK_BYTES, ask.bytes - index * BLOCK_BYTES);
          slots.push(slot);
        }
      }
      const turn = this.#pace.worked(bytes, this.#stream.putting);
      if (turn !== undefined) await turn;
    }
    const unchanged = ask.slots.length === slots.length && slots.every((slot, index) => slot === ask.slots[index]);
    return { ...counts, slots: unchanged ? undefined : slots };
  }

  async leaf(plain: Buffer): Promise<FramePlace> {
    await this.#stream.room();
    return this.#stream.append(FRAME_TYPE.leaf, plain);
  }

  async finish(): Promise<readonly WrittenPack[]> {
    const written = await this.#stream.finish();
    this.#pace.check();
    this.#pace.tell();
    return written;
  }

  async close(): Promise<void> {
    await this.#stream.abandon();
    await this.#source.close();
  }

  /** Ids of the whole piece come first: one of its blocks may tell where the others are stored. */
  async #blocks(
    piece: Buffer,
    ask: TransferStretch,
    known: KnownBlocks,
    slots: Slot[],
    counts: { nonZero: number; changed: number },
  ): Promise<void> {
    const seen: Seen[] = [];
    for (let from = 0; from < piece.length; from += BLOCK_BYTES) {
      const block = piece.subarray(from, from + BLOCK_BYTES);
      const index = slots.length + seen.length;
      const zero = block.equals(block.length === BLOCK_BYTES ? ZEROS : ZEROS.subarray(0, block.length));
      const id = zero ? undefined : this.#view.crypto.id(block);
      const before = index < ask.known ? ask.slots[index] : undefined;
      if (known.isSample(index) && !sameBlock(id, before))
        throw new ChangeListWrong(
          `block ${ask.leaf * LEAF_BLOCKS + ask.first + index} of ${this.#unit.snapshot.diskId} has changed, and the list of changes does not name it`,
        );
      seen.push({ block, id, before });
    }
    const fresh = seen.filter(({ id, before }) => id !== undefined && !(sameBlock(id, before) && isUsable(before)));
    if (fresh.length > 0) await this.#hooked.look(fresh.map(({ id }) => id as Buffer));
    for (const { block, id, before } of seen) {
      if (id === undefined) {
        slots.push(undefined);
        continue;
      }
      counts.nonZero += block.length;
      const same = sameBlock(id, before);
      if (!same) counts.changed += block.length;
      slots.push(same && isUsable(before) ? before : await this.#store(block, id, before));
    }
  }

  async #store(block: Buffer, id: Buffer, before: Slot): Promise<LeafEntry> {
    const places = this.#recent.find(id);
    if (places !== undefined) return { id, places };
    const entry = { id, places: (await this.#patch(block, before)) ?? [await this.#append(block, WHOLE)] };
    this.#recent.add(id, entry.places);
    return entry;
  }

  /** Only what changed in the block, when the parent's bytes can be had and little enough changed; else undefined. */
  async #patch(block: Buffer, before: Slot): Promise<readonly BlockPlace[] | undefined> {
    if (!isPatchable(block.length) || before === undefined || before.places.length === 0) return undefined;
    const old = await soundOr(this.#bytesOf(before), undefined);
    if (old === undefined) return undefined;
    // What stays was found equal to what these very places hold, so the block is what it must be whatever they should hold.
    const mask = changedSubBlocks(old, block);
    const rest = remaining(before.places, mask);
    return rest && [await this.#append(gather(block, mask, this.#changed), mask), ...rest];
  }

  /** Good until it is asked again. */
  async #bytesOf({ places }: LeafEntry): Promise<Buffer> {
    const { reader } = this.#view;
    const frame = (place: BlockPlace, into: Buffer) =>
      reader.frame(place, FRAME_TYPE.block, bytesOf(place.holds, BLOCK_BYTES), into);
    const [first] = places;
    if (isWhole(places) && first !== undefined) return frame(first, this.#before);
    for (const place of places) scatter(this.#before, place, await frame(place, this.#part));
    return this.#before;
  }

  async #append(plain: Buffer, mask: number): Promise<BlockPlace> {
    const room = this.#stream.room();
    if (room !== undefined) await room;
    const place = this.#stream.append(FRAME_TYPE.block, plain);
    this.#pace.churned(plain.length);
    return { ...place, holds: mask, uses: mask };
  }
}

function sameBlock(id: Buffer | undefined, before: Slot): boolean {
  return id === undefined ? before === undefined : before?.id.equals(id) === true;
}

function isUsable(slot: Slot): boolean {
  return slot === undefined || slot.places.length > 0;
}
