/** How many may pass at once: the others wait in the order in which they came. */

/** Runs `work` when there is room; a caller that is told to stop while it waits rejects with the signal's reason. */
export type Gate = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

/** Makes a gate for at most `room` at once. @throws TypeError when that is not a positive integer */
export function createGate(room: number): Gate {
  if (!Number.isSafeInteger(room) || room < 1)
    throw new TypeError(`concurrency must be a positive integer, not ${room}`);
  let free = room;
  const waiting = new Set<() => void>();

  async function enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (free > 0) {
      free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const turn = () => {
        signal.removeEventListener("abort", stop);
        resolve();
      };
      const stop = () => {
        waiting.delete(turn);
        reject(signal.reason);
      };
      waiting.add(turn);
      signal.addEventListener("abort", stop, { once: true });
    });
  }

  function leave(): void {
    const [next] = waiting;
    // The place goes from hand to hand, so that nobody who comes now is faster than who waits.
    if (next === undefined) free++;
    else {
      waiting.delete(next);
      next();
    }
  }

  return async (signal, work) => {
    await enter(signal);
    try {
      return await work();
    } finally {
      leave();
    }
  };
}
