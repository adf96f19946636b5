/** Optimistic concurrency: read, decide, write under the versions read; begin again when somebody was faster. */
import { IllegalTransition } from "../domain/state-machines.ts";
import { ConditionFailed, TransactionRefused } from "../ports/record-store.ts";

/**
 * Of callers who race for one record at least one wins each round, so this many may race. Losing more often in a row means
 * that something is wrong, not that somebody is faster.
 */
const ATTEMPTS = 64;

/**
 * An attempt reads rows one after the other: when somebody moves two of them in between, what it would write may be illegal although
 * nothing is wrong. Illegal so often in a row, it is.
 */
const ILLEGAL_ATTEMPTS = 3;

/**
 * Runs `attempt` until its conditional writes win. `attempt` re-reads everything each time, so what it decides is always
 * decided on what stands there; a fault it throws (busy, not found …) ends it at once.
 */
export async function withFreshState<T>(attempt: () => Promise<T>): Promise<T> {
  let illegal = 0;
  for (let n = 1; ; n++) {
    try {
      return await attempt();
    } catch (error) {
      illegal = error instanceof IllegalTransition ? illegal + 1 : 0;
      const lost = error instanceof TransactionRefused || error instanceof ConditionFailed;
      if (n === ATTEMPTS || illegal === ILLEGAL_ATTEMPTS || (illegal === 0 && !lost)) throw error;
    }
  }
}
