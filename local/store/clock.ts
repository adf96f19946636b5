/** What time is it for the commands of a store? */

/** Moves the clock: tests and benches wait out a day's belt and two weeks of trash in no time. Milliseconds. */
const OFFSET = "HOLDFAST_CLOCK_OFFSET_MS";

/** Milliseconds since 1970. @throws Error when the variable holds no whole number */
export function storeClock(env: NodeJS.ProcessEnv): () => number {
  const given = env[OFFSET];
  if (given === undefined || given === "") return Date.now;
  const offset = Number(given);
  if (!Number.isSafeInteger(offset)) throw new Error(`${OFFSET} is not a whole number of milliseconds`);
  return () => Date.now() + offset;
}
