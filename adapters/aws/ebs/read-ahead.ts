/** How are the blocks that will be read next fetched already, without fetching one twice and without filling the memory? */

/**
 * At most `window` blocks are on their way or waiting to be taken. Only blocks that were announced are fetched ahead, so a
 * reader that takes all it announced causes exactly one fetch a block.
 */
export class ReadAhead {
  readonly #fetch: (index: number) => Promise<Uint8Array>;
  readonly #window: number;
  #queue: readonly number[] = [];
  #head = 0;
  readonly #started = new Map<number, Promise<Uint8Array>>();

  constructor(fetch: (index: number) => Promise<Uint8Array>, window: number) {
    this.#fetch = fetch;
    this.#window = window;
  }

  /** Announces blocks in ascending order, all behind those announced before; others replace what was announced. */
  announce(indexes: readonly number[]): void {
    const waiting = this.#queue.slice(this.#head);
    const follows = (waiting.at(-1) ?? -1) < (indexes[0] ?? 0);
    this.#queue = follows ? [...waiting, ...indexes] : indexes.filter((index) => !this.#started.has(index));
    this.#head = 0;
    this.#fill();
  }

  /** The block's bytes. What was announced before it and not taken is given up: readers go forwards. */
  take(index: number): Promise<Uint8Array> {
    for (const other of this.#started.keys()) if (other < index) this.#started.delete(other);
    while ((this.#queue[this.#head] ?? Number.POSITIVE_INFINITY) < index) this.#head++;
    if (this.#queue[this.#head] === index) this.#head++;
    const bytes = this.#started.get(index) ?? this.#fetch(index);
    this.#started.delete(index);
    this.#fill();
    return bytes;
  }

  /** Resolves when nothing is on its way any more, however it ended. */
  async settled(): Promise<void> {
    this.#queue = [];
    this.#head = 0;
    await Promise.allSettled(this.#started.values());
    this.#started.clear();
  }

  #fill(): void {
    for (; this.#started.size < this.#window && this.#head < this.#queue.length; this.#head++) {
      const index = this.#queue[this.#head] as number;
      const bytes = this.#fetch(index);
      // Its error is told to whoever takes it; until then nobody listens.
      bytes.catch(() => undefined);
      this.#started.set(index, bytes);
    }
  }
}
