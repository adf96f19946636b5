/** What was looked up lately: a small cache whose entries grow old, and end with every change of accounts. */
import type { Clock, Instant } from "../../domain/values.ts";

/** Opened secrets do not stay in memory for longer than this after their last look-up (design §8, hazards C4). */
const REMEMBERED_MS = 5 * 60 * 1000;
const ENTRIES = 1000;

/**
 * Looks up through a cache. `generation` is that of the accounts, read before: an entry counts only under its own, so a
 * key that was revoked is refused by the next request. A look-up that began before a change and ends after it is kept under
 * the older generation, where nobody finds it. Absence is not remembered, so a new key works at once; nor is an error.
 */
export function remembering<T>(
  now: Clock,
  lookUp: (key: string) => Promise<T | undefined>,
): (key: string, generation: number) => Promise<T | undefined> {
  const entries = new Map<string, { readonly value: T; readonly at: Instant; readonly generation: number }>();
  return async (key, generation) => {
    const entry = entries.get(key);
    const age = entry?.generation === generation ? now() - entry.at : Number.POSITIVE_INFINITY;
    // A clock that was set back must not make an entry live longer.
    if (entry !== undefined && age >= 0 && age < REMEMBERED_MS) return entry.value;
    entries.delete(key);
    const value = await lookUp(key);
    if (value === undefined) return undefined;
    const oldest = entries.keys().next();
    if (entries.size >= ENTRIES && !oldest.done) entries.delete(oldest.value);
    entries.set(key, { value, at: now(), generation });
    return value;
  };
}
