/** The backup that a transfer compares with, as far as it can be read: what cannot be is read from the source instead. */
import { Damaged } from "../ports/data-plane.ts";
import { ObjectMissing, type ObjectStore } from "../ports/object-store.ts";
import type { DomainCrypto } from "./domain-crypto.ts";
import { blockLength, blocksOfLeaf } from "./geometry.ts";
import type { Slot } from "./leaf.ts";
import { PackReader } from "./pack-reader.ts";
import type { LeafRef, PackFacts } from "./places.ts";
import type { Root } from "./root-format.ts";
import { readRoot } from "./root-store.ts";

/** One leaf of the parent. */
export interface ParentLeaf {
  /** Undefined when the leaf is all zero or cannot be read. */
  readonly ref: LeafRef | undefined;
  /** Empty when the leaf is all zero or cannot be read. */
  readonly slots: readonly Slot[];
  /**
   * How many blocks, from the first of the leaf, the parent is known to have, each as long as the new disk's: for those, a
   * missing slot means zeros. 0 when the leaf cannot be read.
   */
  readonly known: number;
  /** Is this pack still there, with its size? Only then may a new backup refer to it. */
  readonly usable: (pack: string) => boolean;
}

/** What is known of a leaf without a parent, or with one that cannot be read. */
export const NO_PARENT_LEAF: ParentLeaf = { ref: undefined, slots: [], known: 0, usable: () => false };

/**
 * The parent of one unit. Damage never fails a backup: a root, leaf or pack that is gone or unsound counts as "no parent
 * there", so the next backup mends what an older one lost. A store that fails is not damage and is thrown.
 */
export class Parent {
  readonly #reader: PackReader;
  readonly #root: Root;
  readonly #facts: ReadonlyMap<string, PackFacts>;
  /** Packs asked for so far in this unit: is it usable? */
  readonly #usable = new Map<string, boolean>();

  private constructor(reader: PackReader, root: Root) {
    this.#reader = reader;
    this.#root = root;
    this.#facts = new Map(root.packs.map((facts) => [facts.pack, facts]));
  }

  /** Undefined without a parent, and when its root cannot be read. @throws StoreFailed, FormatTooNew */
  static async open(
    objects: ObjectStore,
    crypto: DomainCrypto,
    rootId: string | undefined,
  ): Promise<Parent | undefined> {
    if (rootId === undefined) return undefined;
    const root = await soundOr(readRoot(objects, crypto, rootId), undefined);
    return root && new Parent(new PackReader(objects, crypto), root);
  }

  /** What the parent says of leaf number `leaf` of a disk that now has `size` bytes. @throws StoreFailed, FormatTooNew */
  async leaf(leaf: number, size: number): Promise<ParentLeaf> {
    const ref = this.#root.leaves[leaf];
    const known = alike(this.#root.size, size, leaf);
    if (ref === undefined) return { ...NO_PARENT_LEAF, known };
    const slots = await soundOr(this.#reader.leaf(ref, this.#root.size, leaf), undefined);
    if (slots === undefined) return NO_PARENT_LEAF;
    const packs = new Set([ref.place.pack]);
    for (const slot of slots) if (slot) packs.add(slot.place.pack);
    await Promise.all([...packs].map((pack) => this.#look(pack)));
    return { ref, slots, known, usable: (pack) => this.#usable.get(pack) === true };
  }

  /** What the parent's root says of a pack. */
  facts(pack: string): PackFacts | undefined {
    return this.#facts.get(pack);
  }

  async #look(pack: string): Promise<void> {
    if (this.#usable.has(pack)) return;
    const facts = this.#facts.get(pack);
    const there =
      facts !== undefined &&
      (await soundOr(
        this.#reader.present(pack, facts.size).then(() => true),
        false,
      ));
    this.#usable.set(pack, there);
  }
}

/** How many blocks of a leaf, from its first, two disks of these sizes both have at the same length. */
function alike(before: number, now: number, leaf: number): number {
  const both = Math.max(0, Math.min(blocksOfLeaf(before, leaf), blocksOfLeaf(now, leaf)));
  // Only the last block of a disk is shorter than others.
  const last = both - 1;
  return both > 0 && blockLength(before, leaf, last) !== blockLength(now, leaf, last) ? last : both;
}

async function soundOr<T, U>(reading: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Damaged || error instanceof ObjectMissing) return otherwise;
    throw error;
  }
}
