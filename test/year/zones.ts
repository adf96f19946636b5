/** Which calendar day is it somewhere? By hand-written tables of 2030 and 2031, so that nothing here asks the library that the service asks. */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Minutes ahead of UTC from an instant on. */
type Shift = readonly [from: string, minutes: number];

/** IANA tz database: rules US, EU and LH as they have stood since 2007, 1996 and 2008. */
const SHIFTS: Readonly<Record<string, readonly Shift[]>> = {
  "UTC+00:00": [["2030-01-01T00:00Z", 0]],
  "UTC+05:30": [["2030-01-01T00:00Z", 330]],
  "UTC-11:00": [["2030-01-01T00:00Z", -660]],
  "America/New_York": [
    ["2030-01-01T00:00Z", -300],
    ["2030-03-10T07:00Z", -240],
    ["2030-11-03T06:00Z", -300],
    ["2031-03-09T07:00Z", -240],
  ],
  "Europe/Berlin": [
    ["2030-01-01T00:00Z", 60],
    ["2030-03-31T01:00Z", 120],
    ["2030-10-27T01:00Z", 60],
    ["2031-03-30T01:00Z", 120],
  ],
  // Half an hour: the only zone that shifts by that.
  "Australia/Lord_Howe": [
    ["2030-01-01T00:00Z", 660],
    ["2030-04-06T15:00Z", 630],
    ["2030-10-05T15:30Z", 660],
    ["2031-04-05T15:00Z", 630],
  ],
};

export const ZONES = Object.keys(SHIFTS);
/** Clients can say no more than a distance from UTC (cbr-api 5.8); a rule may name what clocks go by. */
export const isNamed = (zone: string): boolean => !zone.startsWith("UTC");
const tables = new Map(
  ZONES.map((zone) => [zone, SHIFTS[zone]?.map(([from, m]) => [Date.parse(from), m] as const) ?? []]),
);

export type Period = "day" | "week" | "month" | "year";

/** The period as reasons name it: `2030-11-03`, `2030-W44`, `2030-11`, `2030`. */
export function periodOf(zone: string, at: number, period: Period): string {
  const minutes = tables.get(zone)?.findLast(([from]) => from <= at)?.[1];
  if (minutes === undefined) throw new Error(`no table for ${zone} at ${new Date(at).toISOString()}`);
  const local = new Date(at + minutes * MINUTE);
  const date = local.toISOString().slice(0, 10);
  if (period === "day") return date;
  if (period === "month") return date.slice(0, 7);
  if (period === "year") return date.slice(0, 4);
  // The week of the year that its Thursday lies in; the first one holds 4 January.
  const thursday = new Date(Date.parse(date) + (4 - (local.getUTCDay() || 7)) * DAY);
  const year = thursday.getUTCFullYear();
  let week = 1;
  for (let at = Date.UTC(year, 0, 4) + 7 * DAY; mondayOf(at) <= thursday.getTime(); at += 7 * DAY) week++;
  return `${year}-W${String(week).padStart(2, "0")}`;
}

const mondayOf = (at: number): number => at - ((new Date(at).getUTCDay() + 6) % 7) * DAY;
