/** Do policies run often enough, and do vaults keep long enough? The two rules by which managed compliance checks judge (MON-04). */
import type { Pattern } from "./pattern.ts";
import { nextPoint, type Schedule } from "./schedule.ts";

const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;
const WEEK_DAYS = 7;
/** Points that are walked through at most: some milliseconds, and any weekly schedule beside any interval. */
const MOST_POINTS = 10_000;

/** What a rule says, with the reason when it is broken. */
export type Compliance = { readonly compliant: true } | { readonly compliant: false; readonly reason: string };

const FINE: Compliance = { compliant: true };
const broken = (reason: string): Compliance => ({ compliant: false, reason });

/**
 * Hours between the two points of a schedule that lie furthest apart: 72 for Tuesday, Thursday and Saturday. A schedule whose
 * intervals come together too seldom to be walked through is given its most frequent pattern's, which it never exceeds.
 */
export function longestGapHours(schedule: Schedule): number {
  const cycle = schedule.patterns.reduce((days, pattern) => leastCommonMultiple(days, cycleOf(pattern)), 1);
  if (cycle * schedule.patterns.length <= MOST_POINTS) return walk(schedule, cycle);
  return Math.min(...schedule.patterns.map((pattern) => walk({ ...schedule, patterns: [pattern] }, cycleOf(pattern))));
}

/** Days after which a pattern begins anew. */
const cycleOf = (pattern: Pattern): number => (pattern.form === "daily" ? pattern.interval : WEEK_DAYS);

function walk(schedule: Schedule, days: number): number {
  const first = nextPoint(schedule, schedule.anchor);
  const end = first + days * DAY_HOURS * HOUR_MS;
  let longest = 0;
  for (let at = first; at < end; ) {
    const next = nextPoint(schedule, at);
    longest = Math.max(longest, next - at);
    at = next;
  }
  return longest / HOUR_MS;
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return (a / x) * b;
}

/** "Policy frequency": enabled, and no longer without a point than so many hours. `gapHours`: its longest. */
export function judgeFrequency(
  { enabled, gapHours }: { readonly enabled: boolean; readonly gapHours: number },
  mostHours: number,
): Compliance {
  if (!enabled) return broken("the policy is disabled");
  return gapHours <= mostHours ? FINE : broken(`its points lie up to ${gapHours} hours apart, more than ${mostHours}`);
}

/**
 * "Vault retention": an enabled backup policy, and, where that keeps backups by days, at least so many of them. A rule of
 * another kind has no days that could be too few.
 * @param policy the one that is applied to the vault, if any; `retentionDays`: absent when it does not keep by days
 */
export function judgeRetention(
  policy: { readonly enabled: boolean; readonly retentionDays: number | undefined } | undefined,
  leastDays: number,
): Compliance {
  if (policy === undefined) return broken("the vault follows no backup policy");
  if (!policy.enabled) return broken("its policy is disabled");
  const { retentionDays } = policy;
  if (retentionDays === undefined || retentionDays >= leastDays) return FINE;
  return broken(`its policy keeps backups ${retentionDays} days, less than ${leastDays}`);
}
