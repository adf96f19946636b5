/** Cuts the leaves of a root into stretches, hand over hand: for units that read a root and work its blocks. */
import type { LeafRange } from "../ports/data-plane.ts";
import { blocksLength, blocksOfLeaf } from "./geometry.ts";
import type { Stretch } from "./hands.ts";
import type { Slot } from "./leaf.ts";
import { LEAF_BLOCKS, STRETCH_BLOCKS } from "./numbers.ts";
import type { PackReader } from "./pack-reader.ts";
import type { Root } from "./root-format.ts";

/** The slots of one leaf, read once however many hands work at it. */
export type LeafReader = (leaf: number) => Promise<readonly Slot[]>;

/** Reads the leaves of a root. @throws Damaged, StoreFailed */
export function leafReader({ size, leaves }: Root, reader: PackReader): LeafReader {
  return async (leaf) => {
    const ref = leaves[leaf];
    return ref === undefined ? zeroSlots(size, leaf) : reader.leaf(ref, blocksOfLeaf(size, leaf));
  };
}

/** Gives out stretches in disk order. A leaf that is begun is given out to its end. */
export class Stretches {
  readonly #size: number;
  readonly #range: LeafRange;
  readonly #read: LeafReader;
  readonly #mayBegin: () => boolean;
  readonly #step: number;
  #leaf: number;
  #block = 0;
  #slots: Promise<readonly Slot[]> | undefined;

  /** `mayBegin` is asked before each leaf but the first. One pair of hands gets whole leaves. */
  constructor(size: number, range: LeafRange, hands: number, read: LeafReader, mayBegin: () => boolean) {
    this.#size = size;
    this.#range = range;
    this.#read = read;
    this.#mayBegin = mayBegin;
    this.#step = hands === 1 ? LEAF_BLOCKS : STRETCH_BLOCKS;
    this.#leaf = range.firstLeaf;
  }

  /** The first leaf that was not given out. */
  get endLeaf(): number {
    return this.#leaf;
  }

  /** The next stretch; undefined at the end. @throws what reading its leaf throws */
  async next(): Promise<Stretch | undefined> {
    if (this.#slots === undefined) {
      const { firstLeaf, endLeaf } = this.#range;
      if (this.#leaf >= endLeaf || (this.#leaf > firstLeaf && !this.#mayBegin())) return undefined;
      this.#slots = this.#read(this.#leaf);
      // Whoever waits for it gets the error.
      this.#slots.catch(() => undefined);
    }
    const [leaf, first, slots] = [this.#leaf, this.#block, this.#slots];
    this.#block += this.#step;
    if (this.#block >= blocksOfLeaf(this.#size, leaf)) {
      this.#slots = undefined;
      this.#block = 0;
      this.#leaf++;
    }
    const mine = (await slots).slice(first, first + this.#step);
    return { leaf, first, bytes: blocksLength(this.#size, leaf, first, mine.length), slots: mine };
  }
}

/** The slots of a leaf that is all zero. */
export function zeroSlots(size: number, leaf: number): readonly Slot[] {
  return new Array<Slot>(blocksOfLeaf(size, leaf)).fill(undefined);
}
