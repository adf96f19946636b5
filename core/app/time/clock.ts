/** Can the clock be trusted? What the ticks have seen of it, and which jumps people have confirmed (design §7). */
import { type ClockDoubt, isJump } from "../../domain/retention-guard.ts";
import { CLOCK_KEY, clockWordKey } from "../records/keys.ts";
import { insert, load, replace } from "../records/tables.ts";
import { clocks, clockWords } from "../records/trash.ts";
import { withFreshState } from "../retry.ts";
import type { RecordServices } from "../services.ts";

/** Each tick looks at the clock before it works. Loses to another tick, and then counts from that one's look. */
export const observeClock = (s: RecordServices): Promise<void> =>
  withFreshState(async () => {
    const seen = await load(s.records, clocks, CLOCK_KEY);
    const now = s.now();
    if (seen === undefined) {
      await s.records.write(insert(clocks, { schema: 1, last: now, observed: 0 }));
      return;
    }
    if (!isJump(seen.last, now)) {
      // A clock that was set back a little has passed no time.
      const passed = Math.max(0, now - seen.last);
      await s.records.write(replace(clocks, { ...seen, last: now, observed: seen.observed + passed }));
      return;
    }
    await s.records.write(replace(clocks, { ...seen, last: now, jump: { from: seen.last, to: now } }));
  });

/** Milliseconds that passed under the eyes of the tick, ever: a jump adds nothing. */
export const observedMs = async (s: RecordServices): Promise<number> =>
  (await load(s.records, clocks, CLOCK_KEY))?.observed ?? 0;

/** The newest jump of the clock, unless a person of the project has confirmed it. One since the last tick nobody can have confirmed. */
export async function clockDoubt(s: RecordServices, projectId: string): Promise<ClockDoubt | undefined> {
  const seen = await load(s.records, clocks, CLOCK_KEY);
  const now = s.now();
  if (seen !== undefined && isJump(seen.last, now)) return { from: seen.last, to: now };
  const jump = seen?.jump;
  if (jump === undefined) return undefined;
  const word = await load(s.records, clockWords, clockWordKey(projectId));
  return word?.to === jump.to ? undefined : jump;
}
