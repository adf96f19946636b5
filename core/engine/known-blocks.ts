/** Which blocks does a transfer know without reading them, from what the source says of them and the parent holds? */
import { randomInt } from "node:crypto";
import type { BlockHint } from "../ports/blocks.ts";
import type { Slot } from "./leaf.ts";

/**
 * `zero` is believed. `same` is believed only where the parent's block is known, has the same length, and can be relied on;
 * some of those blocks, drawn by lot, are read all the same, so that a list that leaves out changes is found. In any doubt the
 * block is read, which mends what the parent lost.
 */
export class KnownBlocks {
  readonly #hints: readonly BlockHint[] | undefined;
  readonly #old: readonly Slot[];
  readonly #known: number;
  readonly #since: boolean;
  readonly #samples = new Set<number>();

  /** `known`: of so many blocks the parent's slot is known; `since`: the snapshot names an earlier capture, so that `same` has a meaning. */
  constructor(
    hints: readonly BlockHint[] | undefined,
    old: readonly Slot[],
    known: number,
    since: boolean,
    sampleOneIn: number,
  ) {
    this.#hints = hints;
    this.#old = old;
    this.#known = known;
    this.#since = since;
    if (hints === undefined || sampleOneIn === 0) return;
    for (let index = 0; index < hints.length; index++)
      if (this.#isSame(index) && randomInt(sampleOneIn) === 0) this.#samples.add(index);
  }

  needsRead(index: number): boolean {
    if (this.#hints?.[index] === "zero") return false;
    return !this.#isSame(index) || this.#samples.has(index);
  }

  /** The source says that it has not changed, and is not taken at its word. */
  isSample(index: number): boolean {
    return this.#samples.has(index);
  }

  /** The slot of a block that needs no read: zeros, or the parent's. */
  slot(index: number): Slot {
    return this.#hints?.[index] === "same" ? this.#old[index] : undefined;
  }

  #isSame(index: number): boolean {
    if (this.#hints?.[index] !== "same" || !this.#since || index >= this.#known) return false;
    const before = this.#old[index];
    return before === undefined || before.places.length > 0;
  }
}
