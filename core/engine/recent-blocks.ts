/** Where a unit put the blocks it stored lately: equal blocks of one unit are stored once. */
import { DEDUP_ENTRIES } from "./numbers.ts";
import type { FramePlace } from "./places.ts";

/** Bounded: the oldest entry makes room, which only costs storing an equal block again. */
export class RecentBlocks {
  readonly #places = new Map<string, FramePlace>();
  readonly #most: number;

  constructor(most = DEDUP_ENTRIES) {
    this.#most = most;
  }

  find(id: Buffer): FramePlace | undefined {
    return this.#places.get(id.toString("latin1"));
  }

  add(id: Buffer, place: FramePlace): void {
    const oldest = this.#places.keys().next();
    if (this.#places.size >= this.#most && !oldest.done) this.#places.delete(oldest.value);
    this.#places.set(id.toString("latin1"), place);
  }
}
