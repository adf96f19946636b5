/** How do these adapters tell the time and wait, so that a test can live through hours in no time? */
import { setTimeout } from "node:timers/promises";
import type { Clock } from "../../../core/domain/values.ts";

export interface Timing {
  readonly now: Clock;
  /** Resolves after that many milliseconds, at once when `signal` is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** From 0 to 1: spreads the moments at which many callers try again. */
  random(): number;
}

export const REAL_TIMING: Timing = {
  now: Date.now,
  random: Math.random,
  async sleep(ms, signal) {
    await setTimeout(ms, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
      if (signal?.aborted !== true) throw error;
    });
  },
};
