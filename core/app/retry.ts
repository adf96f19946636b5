/** Optimistic concurrency: read, decide, write under the versions read; begin again when somebody was faster. */
import { ConditionFailed, TransactionRefused } from "../ports/record-store.ts";

/**
 * Of callers who race for one record at least one wins each round, so this many may race. Losing more often in a row means
 * that something is wrong, not that somebody is faster.
 */
const ATTEMPTS = 64;

/**
 * Runs `attempt` until its conditional writes win. `attempt` re-reads everything each time, so what it decides is always
 * decided on what stands there; a fault it throws (busy, not found …) ends it at once.
 */
export async function withFreshState<T>(attempt: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await attempt();
    } catch (error) {
      if (n === ATTEMPTS || !(error instanceof TransactionRefused || error instanceof ConditionFailed)) throw error;
    }
  }
}
