/** Where blocks are that a unit has stored or met lately: equal blocks are stored once. */
import { DEDUP_ENTRIES } from "./numbers.ts";
import type { BlockPlace } from "./places.ts";

/** Bounded: the oldest entry makes room, which only costs storing an equal block again. */
export class RecentBlocks {
  readonly #known = new Map<string, readonly BlockPlace[]>();
  readonly #most: number;

  constructor(most = DEDUP_ENTRIES) {
    this.#most = most;
  }

  find(id: Buffer): readonly BlockPlace[] | undefined {
    return this.#known.get(id.toString("latin1"));
  }

  add(id: Buffer, places: readonly BlockPlace[]): void {
    const oldest = this.#known.keys().next();
    if (this.#known.size >= this.#most && !oldest.done) this.#known.delete(oldest.value);
    this.#known.set(id.toString("latin1"), places);
  }
}
