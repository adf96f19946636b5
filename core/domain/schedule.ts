/** At which points of time does a policy run? Pure arithmetic on UTC days; nothing here knows what time it is (SCH-01..13). */
import { type Pattern, parsePatterns } from "./pattern.ts";
import type { Instant } from "./values.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const WEEK_DAYS = 7;
/** 1970-01-01 was a Thursday. */
const FIRST_WEEKDAY = 4;

/** The union of a policy's patterns, from the day and instant on that they were anchored at. */
export interface Schedule {
  readonly patterns: readonly Pattern[];
  /** Every-N-days patterns count from its day; no point lies at or before it (SCH-06). */
  readonly anchor: Instant;
}

/** @throws Fault 9900 as `parsePatterns` */
export const scheduleOf = (texts: readonly string[], anchor: Instant): Schedule => ({
  patterns: parsePatterns(texts),
  anchor,
});

const dayOf = (at: Instant): number => Math.floor(at / DAY_MS);
const weekdayOf = (day: number): number => (((day + FIRST_WEEKDAY) % WEEK_DAYS) + WEEK_DAYS) % WEEK_DAYS;
const instantOn = (day: number, { minuteOfDay }: Pattern): Instant => day * DAY_MS + minuteOfDay * MINUTE_MS;

/** The first day from `day` on (`step` 1), or the last one up to it (`step` -1), that the pattern falls on. */
function nearestDay(pattern: Pattern, anchorDay: number, day: number, step: 1 | -1): number {
  if (pattern.form === "daily") {
    const cycles = (day - anchorDay) / pattern.interval;
    return anchorDay + (step === 1 ? Math.ceil(cycles) : Math.floor(cycles)) * pattern.interval;
  }
  let found = day;
  // Each pattern names at least one weekday, so this ends within a week.
  while (!pattern.days.includes(weekdayOf(found))) found += step;
  return found;
}

/** The smallest point after `after` (SCH-13). There always is one. */
export function nextPoint({ patterns, anchor }: Schedule, after: Instant): Instant {
  const from = Math.max(after, anchor);
  const firsts = patterns.map((pattern) => {
    const day = nearestDay(pattern, dayOf(anchor), dayOf(from), 1);
    const point = instantOn(day, pattern);
    return point > from ? point : instantOn(nearestDay(pattern, dayOf(anchor), day + 1, 1), pattern);
  });
  return Math.min(...firsts);
}

/** The largest point up to `until`, itself included; undefined before the first one. */
export function latestPoint({ patterns, anchor }: Schedule, until: Instant): Instant | undefined {
  const lasts = patterns.map((pattern) => {
    const day = nearestDay(pattern, dayOf(anchor), dayOf(until), -1);
    const point = instantOn(day, pattern);
    return point <= until ? point : instantOn(nearestDay(pattern, dayOf(anchor), day - 1, -1), pattern);
  });
  const last = Math.max(...lasts);
  return last > anchor ? last : undefined;
}

/** Every point after `after` and before `before`, in order, one at a time: a year of hours is never in memory at once. */
export function* pointsBetween(schedule: Schedule, after: Instant, before: Instant): Generator<Instant> {
  for (let at = nextPoint(schedule, after); at < before; at = nextPoint(schedule, at)) yield at;
}

/** Starts of vaults that share a point are spread over this long: tens of thousands may share 22:00 (SCH-08, hazard B4). */
const SPREAD_MS = 3 * MINUTE_MS;

/** How long after its points a vault's runs start: from 0 to below three minutes, always the same for one vault. */
export function startDelay(vaultId: string): number {
  // FNV-1a: ids that differ in one digit land far from each other.
  let hash = 0x811c9dc5;
  for (const char of vaultId) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  return Math.floor((hash / 2 ** 32) * (SPREAD_MS / 1000)) * 1000;
}

/** The tick looks every minute and takes up to half of one: a run that has not begun by then is late. People see it within two minutes. */
const LATE_AFTER_MS = 90_000;
/** A look that fails so long after the promised start is the last one of those two minutes: there will be none before they are over. */
const TELL_AFTER_MS = MINUTE_MS;
/** A run that began this long after its time is told of. */
const BEGAN_LATE_MS = 2 * MINUTE_MS;

/** Should a run that was promised for then have started by now? */
export const isLate = (plannedAt: Instant, now: Instant): boolean => now - plannedAt >= LATE_AFTER_MS;

/** Are people told now of a run that could not be started when it was looked at? */
export const isTold = (plannedAt: Instant, now: Instant): boolean => now - plannedAt >= TELL_AFTER_MS;

/** Are people told of a run that starts now? */
export const beganLate = (plannedAt: Instant, now: Instant): boolean => now - plannedAt > BEGAN_LATE_MS;
