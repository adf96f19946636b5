/** Which blocks of a leaf does a transfer know without reading them, from what the source says of them and the parent holds? */
import type { BlockHint } from "../ports/blocks.ts";
import type { Slot } from "./leaf.ts";
import type { ParentLeaf } from "./parent.ts";

/**
 * `zero` is believed. `same` is believed only where the parent's block is known, has the same length, and lies in a pack
 * that is usable. In any doubt the block is read, which mends what the parent lost.
 */
export class KnownBlocks {
  readonly #hints: readonly BlockHint[] | undefined;
  readonly #old: ParentLeaf;
  readonly #since: boolean;

  /** `since`: the snapshot names an earlier capture, so that `same` has a meaning. */
  constructor(hints: readonly BlockHint[] | undefined, old: ParentLeaf, since: boolean) {
    this.#hints = hints;
    this.#old = old;
    this.#since = since;
  }

  needsRead(index: number): boolean {
    const hint = this.#hints?.[index];
    if (hint === "zero") return false;
    if (hint !== "same" || !this.#since || index >= this.#old.known) return true;
    const before = this.#old.slots[index];
    return before !== undefined && !this.#old.usable(before.place.pack);
  }

  /** The slot of a block that needs no read: zeros, or the parent's. */
  slot(index: number): Slot {
    return this.#hints?.[index] === "same" ? this.#old.slots[index] : undefined;
  }
}
