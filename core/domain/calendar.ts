/** Which day, ISO week, month or year is it at an instant, in the time zone of a rule? (RET-31, SCH-03) */
import type { Instant } from "./values.ts";

export const PERIODS = ["day", "week", "month", "year"] as const;
export type Period = (typeof PERIODS)[number];

/** The period that an instant lies in: `2026-11-03`, `2026-W45`, `2026-11` or `2026`. Equal texts are the same period. */
export type Calendar = (at: Instant, period: Period) => string;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 3600 * 1000;

/** The wire form (cbr-api 5.8): `UTC+08:00`. No zone of this world is further away than this. */
const OFFSET = /^UTC([+-])(\d{2}):(\d{2})$/;
const MAX_OFFSET_MINUTES = 14 * 60;

/** Formats are slow to make and there are few of them: one per zone. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    calendar: "gregory",
    numberingSystem: "latn",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
  formats.set(zone, format);
  return format;
}

/** `UTC`, an offset from it, or a name of the time zone database, whose clocks may change twice a year. */
function zoneOf(timezone: string): { readonly zone: string; readonly shiftMs: number } | undefined {
  const offset = OFFSET.exec(timezone);
  if (offset !== null) {
    const [, sign, hours, minutes] = offset;
    const ahead = Number(hours) * 60 + Number(minutes);
    if (Number(minutes) > 59 || ahead > MAX_OFFSET_MINUTES) return undefined;
    return { zone: "UTC", shiftMs: (sign === "-" ? -ahead : ahead) * MINUTE_MS };
  }
  try {
    formatOf(timezone);
    return { zone: timezone, shiftMs: 0 };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return undefined;
  }
}

/** The calendar of a time zone; undefined when there is no such zone. */
export function calendarOf(timezone: string): Calendar | undefined {
  const found = zoneOf(timezone);
  if (found === undefined) return undefined;
  const format = formatOf(found.zone);
  return (at, period) => {
    const parts = new Map(format.formatToParts(at + found.shiftMs).map(({ type, value }) => [type, value]));
    const [year = "", month = "", day = ""] = ["year", "month", "day"].map((name) => parts.get(name as "year"));
    switch (period) {
      case "day":
        return `${year}-${month}-${day}`;
      case "week":
        return isoWeek(Number(year), Number(month), Number(day));
      case "month":
        return `${year}-${month}`;
      case "year":
        return year;
    }
  };
}

/** ISO 8601: weeks start on Monday and belong to the year that their Thursday lies in (G-7). */
function isoWeek(year: number, month: number, day: number): string {
  const date = Date.UTC(year, month - 1, day);
  const weekday = (new Date(date).getUTCDay() + 6) % 7;
  const thursday = date + (3 - weekday) * DAY_MS;
  const itsYear = new Date(thursday).getUTCFullYear();
  const week = Math.floor((thursday - Date.UTC(itsYear, 0, 1)) / (7 * DAY_MS)) + 1;
  return `${itsYear}-W${String(week).padStart(2, "0")}`;
}
