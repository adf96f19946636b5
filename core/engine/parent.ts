/** The backup that a transfer compares with, as far as it can be read: what cannot be is read from the source instead. */
import { Damaged } from "../ports/data-plane.ts";
import { ObjectMissing } from "../ports/object-store.ts";
import { blockLength, blocksOfLeaf } from "./geometry.ts";
import type { Slot } from "./leaf.ts";
import type { LeafRef } from "./places.ts";
import type { KnownPack, RepositoryView } from "./repository-view.ts";
import type { Root } from "./root-format.ts";
import { readRoot } from "./root-store.ts";

/** One leaf of the parent. */
export interface ParentLeaf {
  /** The leaf itself, when a new backup may refer to it; undefined when it is all zero or cannot be relied on. */
  readonly ref: LeafRef | undefined;
  /** Its entries as the leaf names them; empty when it is all zero or cannot be read. */
  readonly named: readonly Slot[];
  /** Its entries where they are now; without places where they cannot be relied on. */
  readonly slots: readonly Slot[];
  /**
   * How many blocks, from the first of the leaf, the parent is known to have, each as long as the new disk's: for those, a
   * missing slot means zeros. 0 when the leaf cannot be read.
   */
  readonly known: number;
}

/** What is known of a leaf without a parent, or with one that cannot be read. */
export const NO_PARENT_LEAF: ParentLeaf = { ref: undefined, named: [], slots: [], known: 0 };

/**
 * The parent of one unit. Damage never fails a backup: a root, leaf or pack that is gone or unsound counts as "no parent
 * there", so the next backup mends what an older one lost. A store that fails is not damage and is thrown.
 */
export class Parent {
  readonly #view: RepositoryView;
  readonly #root: Root;
  readonly #facts: ReadonlyMap<string, KnownPack>;

  private constructor(view: RepositoryView, root: Root) {
    this.#view = view;
    this.#root = root;
    this.#facts = new Map(root.packs.map((facts) => [facts.pack, facts]));
  }

  /** Undefined without a parent, and when its root cannot be read. @throws StoreFailed, FormatTooNew */
  static async open(view: RepositoryView, rootId: string | undefined): Promise<Parent | undefined> {
    if (rootId === undefined) return undefined;
    const root = await soundOr(readRoot(view.objects, view.crypto, rootId), undefined);
    return root && new Parent(view, root);
  }

  /** What the parent says of leaf number `leaf` of a disk that now has `size` bytes. @throws StoreFailed, FormatTooNew */
  async leaf(leaf: number, size: number): Promise<ParentLeaf> {
    const ref = this.#root.leaves[leaf];
    const known = alike(this.#root.size, size, leaf);
    if (ref === undefined) return { ...NO_PARENT_LEAF, known };
    const sizeOf = (pack: string) => this.#facts.get(pack)?.size;
    // Its id tells a true leaf from a false one in any pack; only new references to avoided packs are not made.
    const named = await soundOr(this.#view.reader.leaf(ref, blocksOfLeaf(this.#root.size, leaf)), undefined);
    if (named === undefined) return NO_PARENT_LEAF;
    const { pack } = this.#view.reader.at(ref.place);
    const mayRefer = (await this.#view.packsUsable([pack], sizeOf)).has(pack);
    return { ref: mayRefer ? ref : undefined, named, slots: await this.#view.usable(named, sizeOf), known };
  }

  /** What the parent's root says of a pack. */
  facts(pack: string): KnownPack | undefined {
    return this.#facts.get(pack);
  }
}

/** How many blocks of a leaf, from its first, two disks of these sizes both have at the same length. */
function alike(before: number, now: number, leaf: number): number {
  const both = Math.max(0, Math.min(blocksOfLeaf(before, leaf), blocksOfLeaf(now, leaf)));
  // Only the last block of a disk is shorter than others.
  const last = both - 1;
  return both > 0 && blockLength(before, leaf, last) !== blockLength(now, leaf, last) ? last : both;
}

/** The value, or `otherwise` where damage is found. @throws whatever else goes wrong */
export async function soundOr<T, U>(reading: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Damaged || error instanceof ObjectMissing) return otherwise;
    throw error;
  }
}
