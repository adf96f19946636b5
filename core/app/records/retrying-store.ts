/** How does a caller wait out a record store that says "slow down" or "conflict"? */
import type { RecordStore } from "../../ports/record-store.ts";
import { Throttled, TransactionConflict } from "../../ports/record-store.ts";

/** Attempts in all; the last one starts at most 6.6 s after the first, by the pauses below. */
const ATTEMPTS = 10;
/** Longest pause before the second attempt, in milliseconds; doubled for each further one. */
const FIRST_PAUSE_MS = 20;
/** Longest pause at all, in milliseconds. */
const LONGEST_PAUSE_MS = 2000;

export interface Patience {
  /** Waits so many milliseconds. */
  readonly sleep: (ms: number) => Promise<void>;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/**
 * The same store, asked again after Throttled and TransactionConflict, which both promise that nothing was written. Any
 * other error, and the last one of too many, is passed on. Pauses are random up to a doubling bound (full jitter), so
 * that callers who collided do not collide again.
 */
export function retrying(store: RecordStore, { sleep, random }: Patience): RecordStore {
  async function patiently<T>(ask: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await ask();
      } catch (error) {
        const worthIt = error instanceof Throttled || error instanceof TransactionConflict;
        if (!worthIt || attempt === ATTEMPTS) throw error;
        await sleep(random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)));
      }
    }
  }
  return {
    get: (key, options) => patiently(() => store.get(key, options)),
    getMany: (keys, options) => patiently(() => store.getMany(keys, options)),
    write: (write) => patiently(() => store.write(write)),
    transact: (writes) => patiently(() => store.transact(writes)),
    query: (query) => patiently(() => store.query(query)),
    count: (index, pk) => patiently(() => store.count(index, pk)),
  };
}
