/** Transfers a run of leaves: hands its blocks out, puts the leaves together, and reports what was counted. */
import type { TransferResult, TransferUnit } from "../ports/data-plane.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { blocksLength, blocksOfLeaf, checkRange } from "./geometry.ts";
import { askAll, closeHands, type Hands, type TransferHand, workWith } from "./hands.ts";
import { encodeLeaf, type Slot } from "./leaf.ts";
import { LiveFrames } from "./live-frames.ts";
import { LEAF_BLOCKS, PAYLOAD_ENOUGH_BYTES, PAYLOAD_MAX_BYTES, STRETCH_BLOCKS } from "./numbers.ts";
import type { Pace } from "./pace.ts";
import type { WrittenPack } from "./pack-stream.ts";
import { NO_PARENT_LEAF, Parent, type ParentLeaf } from "./parent.ts";
import { encodePayload } from "./payload.ts";
import type { FramePlace, PackFacts } from "./places.ts";
import { type KnownPack, RepositoryView } from "./repository-view.ts";
import { type LeafSlot, leafRecordBytes } from "./tables.ts";

/**
 * One attempt at a unit. What the source knows of its blocks (`survey`) is taken for granted but for a sample, so
 * `snapshot.since` must name the very capture that `parentRoot` was made from.
 * @throws SourceChanged, ChangeListWrong, StoreFull, StoreFailed, Interrupted; RangeError for a bad unit
 */
export async function transfer(
  objects: ObjectStore,
  unit: TransferUnit,
  pace: Pace,
  open: () => ReturnType<Hands["open"]>,
): Promise<TransferResult> {
  checkRange(unit, unit.snapshot.size);
  pace.check();
  const opening = open() as Promise<readonly TransferHand[]>;
  // Both at once: threads start while the parent's root is read.
  const [view, hands] = await Promise.all([RepositoryView.open(objects, unit.domain), opening]).catch(async (error) => {
    await opening.then(closeHands, () => undefined);
    throw error;
  });
  try {
    const parent = await Parent.open(view, unit.parentRoot);
    return await new Attempt(unit, view, parent, hands, pace).run();
  } catch (error) {
    if (!(error instanceof ResultTooLarge) || unit.endLeaf === unit.firstLeaf + 1) throw error;
  } finally {
    await closeHands(hands);
  }
  // Leaves that were worked at side by side named thousands of packs each: one at a time always fits.
  return transfer(objects, { ...unit, endLeaf: unit.firstLeaf + 1 }, pace, open);
}

class ResultTooLarge extends Error {
  override readonly name = "ResultTooLarge";
}

/** A leaf that is being worked at. */
interface OpenLeaf {
  readonly leaf: number;
  readonly old: ParentLeaf;
  readonly slots: Slot[];
  unchanged: boolean;
  /** Stretches that are not done. */
  left: number;
  nonZero: number;
}

class Attempt {
  readonly #unit: TransferUnit;
  readonly #view: RepositoryView;
  readonly #parent: Parent | undefined;
  readonly #hands: readonly TransferHand[];
  readonly #pace: Pace;
  readonly #live = new LiveFrames();
  readonly #leaves: LeafSlot[] = [];
  #leafTableBytes = 0;
  readonly #counts = { read: 0, nonZero: 0, changed: 0 };
  /** The leaf whose stretches are being handed out, and the first block that nobody has. */
  #current: Promise<OpenLeaf> | undefined;
  #nextLeaf: number;
  #nextBlock = 0;

  constructor(
    unit: TransferUnit,
    view: RepositoryView,
    parent: Parent | undefined,
    hands: readonly TransferHand[],
    pace: Pace,
  ) {
    this.#unit = unit;
    this.#view = view;
    this.#parent = parent;
    this.#hands = hands;
    this.#pace = pace;
    this.#nextLeaf = unit.firstLeaf;
  }

  async run(): Promise<TransferResult> {
    await workWith(
      this.#hands,
      () => this.#take(),
      async (hand, stretch) => this.#work(hand, await stretch.leaf, stretch.first),
    );
    const written = (await askAll(this.#hands, (hand) => hand.finish())).flat();
    this.#pace.check();
    return this.#result(written);
  }

  /** The next stretch that nobody has; undefined when the unit ends here. */
  #take(): { readonly leaf: Promise<OpenLeaf>; readonly first: number } | undefined {
    const { size } = this.#unit.snapshot;
    if (this.#current === undefined) {
      if (!this.#mayBegin()) return undefined;
      this.#current = this.#begin(this.#nextLeaf);
      // Whoever waits for it gets the error.
      this.#current.catch(() => undefined);
    }
    const taken = { leaf: this.#current, first: this.#nextBlock };
    this.#nextBlock += this.#stretchBlocks();
    if (this.#nextBlock >= blocksOfLeaf(size, this.#nextLeaf)) {
      this.#current = undefined;
      this.#nextBlock = 0;
      this.#nextLeaf++;
    }
    return taken;
  }

  /** A leaf that is begun is finished: the unit ends before the first one that is not. At least one is done. */
  #mayBegin(): boolean {
    const { firstLeaf, endLeaf, budgetMs } = this.#unit;
    if (this.#nextLeaf >= endLeaf) return false;
    return this.#nextLeaf === firstLeaf || (this.#pace.elapsed < budgetMs && this.#payloadHasRoom());
  }

  /** One hand takes whole leaves: what a source knows of them is asked for once then. */
  #stretchBlocks(): number {
    return this.#hands.length === 1 ? LEAF_BLOCKS : STRETCH_BLOCKS;
  }

  async #begin(leaf: number): Promise<OpenLeaf> {
    const blocks = blocksOfLeaf(this.#unit.snapshot.size, leaf);
    const old = (await this.#parent?.leaf(leaf, this.#unit.snapshot.size)) ?? NO_PARENT_LEAF;
    const left = Math.ceil(blocks / this.#stretchBlocks());
    return { leaf, old, slots: new Array<Slot>(blocks), unchanged: old.slots.length === blocks, left, nonZero: 0 };
  }

  async #work(hand: TransferHand, open: OpenLeaf, first: number): Promise<void> {
    const { leaf, old, slots } = open;
    const blocks = Math.min(this.#stretchBlocks(), slots.length - first);
    const bytes = blocksLength(this.#unit.snapshot.size, leaf, first, blocks);
    const before = old.slots.slice(first, first + blocks);
    const known = Math.max(0, Math.min(blocks, old.known - first));
    const done = await hand.stretch({ leaf, first, bytes, slots: before, known });
    const now = done.slots ?? before;
    for (let index = 0; index < blocks; index++) slots[first + index] = now[index];
    open.unchanged &&= done.slots === undefined;
    open.nonZero += done.nonZero;
    open.left--;
    for (const kind of ["read", "nonZero", "changed"] as const) this.#counts[kind] += done[kind];
    if (open.left > 0) return;
    const finished = await this.#finishLeaf(hand, open);
    this.#leaves[leaf - this.#unit.firstLeaf] = finished;
    this.#leafTableBytes += leafRecordBytes(finished);
  }

  async #finishLeaf(hand: TransferHand, { leaf, old, slots, unchanged, nonZero }: OpenLeaf): Promise<LeafSlot> {
    if (slots.every((slot) => slot === undefined)) return undefined;
    if (unchanged && old.ref !== undefined) {
      if (old.ref.nonZero !== nonZero) throw new Error(`leaf ${leaf} counts ${nonZero}, its parent ${old.ref.nonZero}`);
      // The parent's leaf stays as it is: it goes on naming the places that it was written with.
      this.#mark(old.named, old.ref.place);
      return old.ref;
    }
    const plain = encodeLeaf(slots);
    const id = this.#view.crypto.id(plain);
    const place = await hand.leaf(plain);
    this.#mark(slots, place);
    return { place, rawLength: plain.length, nonZero, id };
  }

  #mark(slots: readonly Slot[], leaf: FramePlace): void {
    for (const slot of slots) for (const place of slot?.places ?? []) this.#live.mark(place);
    this.#live.mark(leaf);
  }

  #payloadHasRoom(): boolean {
    const packs = this.#live.tableBytes((pack) => this.#parent?.facts(pack)?.frames);
    return packs + this.#leafTableBytes <= PAYLOAD_ENOUGH_BYTES;
  }

  async #result(written: readonly WrittenPack[]): Promise<TransferResult> {
    const own = new Map(written.map((pack) => [pack.pack, pack]));
    const packs: PackFacts[] = [];
    for (const pack of this.#live.packs()) {
      const facts: KnownPack = own.get(pack) ?? this.#parent?.facts(pack) ?? (await this.#view.packFacts(pack));
      const { size, frames, tag } = facts;
      packs.push({ pack, size, frames, tag, own: own.has(pack), ...this.#live.of(pack, frames) });
    }
    const counts = { ...this.#counts, stored: written.reduce((sum, pack) => sum + pack.size, 0) };
    const { firstLeaf, snapshot } = this.#unit;
    const leaves = this.#leaves;
    const payload = encodePayload({ size: snapshot.size, firstLeaf, counts, packs, leaves });
    if (payload.length > PAYLOAD_MAX_BYTES) throw new ResultTooLarge(`a result of ${payload.length} bytes`);
    return { firstLeaf, endLeaf: firstLeaf + leaves.length, counts, payload };
  }
}
