/** A clock whose hours pass as soon as nobody has anything else to do. */
import type { Timing } from "../../../adapters/aws/ebs/timing.ts";

interface Sleeper {
  readonly at: number;
  wake(): void;
}

/** Sleepers wake in the order of their times; time jumps to the next one when all promises that are ready have run. */
export class SimClock implements Timing {
  #now: number;
  #seed = 1;
  readonly #sleepers: Sleeper[] = [];
  #pumping = false;

  constructor(start = Date.UTC(2026, 0, 15)) {
    this.#now = start;
  }

  readonly now = (): number => this.#now;

  /** Repeatable, evenly spread (a linear congruential generator). */
  readonly random = (): number => {
    this.#seed = (this.#seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return this.#seed / 2_147_483_648;
  };

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { at: this.#now + Math.max(0, ms), wake: resolve };
      signal?.addEventListener("abort", () => resolve(), { once: true });
      this.#push(sleeper);
      this.#pump();
    });
  }

  advance(ms: number): void {
    this.#now += ms;
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      const next = this.#pop();
      if (next === undefined) return;
      this.#now = Math.max(this.#now, next.at);
      next.wake();
      while ((this.#sleepers[0]?.at ?? Number.POSITIVE_INFINITY) <= this.#now) this.#pop()?.wake();
      if (this.#sleepers.length > 0) this.#pump();
    });
  }

  // A binary heap: thousands sleep at a time in the quota benchmarks.
  #push(sleeper: Sleeper): void {
    const heap = this.#sleepers;
    let i = heap.push(sleeper) - 1;
    for (; i > 0; ) {
      const parent = (i - 1) >> 1;
      if ((heap[parent] as Sleeper).at <= sleeper.at) break;
      heap[i] = heap[parent] as Sleeper;
      i = parent;
    }
    heap[i] = sleeper;
  }

  #pop(): Sleeper | undefined {
    const heap = this.#sleepers;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Sleeper).at < (heap[child] as Sleeper).at) child++;
      if ((heap[child] as Sleeper).at >= last.at) break;
      heap[i] = heap[child] as Sleeper;
      i = child;
    }
    heap[i] = last;
    return top;
  }
}
