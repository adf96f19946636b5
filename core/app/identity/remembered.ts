/** What was looked up lately: a small cache whose entries grow old. */
import type { Clock, Instant } from "../../domain/values.ts";

/** A user or key that is removed is refused after this long at the latest (design §8, hazards C4). */
const REMEMBERED_MS = 5 * 60 * 1000;
const ENTRIES = 1000;

/** Looks up through a cache. Absence is not remembered, so a new key works at once; nor is an error. */
export function remembering<T>(
  now: Clock,
  lookUp: (key: string) => Promise<T | undefined>,
): (key: string) => Promise<T | undefined> {
  const entries = new Map<string, { readonly value: T; readonly at: Instant }>();
  return async (key) => {
    const entry = entries.get(key);
    const age = entry === undefined ? Number.POSITIVE_INFINITY : now() - entry.at;
    // A clock that was set back must not make an entry live longer.
    if (entry !== undefined && age >= 0 && age < REMEMBERED_MS) return entry.value;
    entries.delete(key);
    const value = await lookUp(key);
    if (value === undefined) return undefined;
    const oldest = entries.keys().next();
    if (entries.size >= ENTRIES && !oldest.done) entries.delete(oldest.value);
    entries.set(key, { value, at: now() });
    return value;
  };
}
