/** At which points of time does a policy run? Counted day by day, knowing nothing of how the service computes them (SCH-01..13). */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const DAYS = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];

function member(pattern: string, name: string): string | undefined {
  return pattern
    .split(";")
    .find((part) => part.startsWith(`${name}=`))
    ?.slice(name.length + 1);
}

/** Points after `from`, up to and including `to`, of patterns that count days from that of `anchor`. In order. */
export function pointsIn(patterns: readonly string[], anchor: number, from: number, to: number): number[] {
  const points: number[] = [];
  const first = Math.floor(anchor / DAY);
  for (let day = Math.max(first, Math.floor(from / DAY)); day * DAY <= to; day++)
    for (const pattern of patterns) {
      const every = Number(member(pattern, "INTERVAL") ?? 1);
      const weekdays = member(pattern, "BYDAY")?.split(",");
      const today = DAYS[new Date(day * DAY).getUTCDay()] ?? "";
      if (weekdays === undefined ? (day - first) % every !== 0 : !weekdays.includes(today)) continue;
      const at = day * DAY + (Number(member(pattern, "BYHOUR")) * 60 + Number(member(pattern, "BYMINUTE"))) * MINUTE;
      if (at > from && at > anchor && at <= to) points.push(at);
    }
  return points.sort((a, b) => a - b);
}
