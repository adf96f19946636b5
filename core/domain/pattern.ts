/** Which trigger patterns a policy may have: the RRULE forms that CBR takes, their text and how close they may lie (SCH-01, SCH-02). */
import { badField } from "./fault.ts";

/** Weekdays as JavaScript counts them: Sunday is 0. */
const WEEKDAYS: readonly string[] = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];

/** One point of time and the days that it falls on, all UTC (SCH-03). */
export type Pattern = { readonly minuteOfDay: number } & (
  | { readonly form: "weekly"; readonly days: readonly number[] }
  /** Every `interval` days, counted from the day of the policy's start time (SCH-06). */
  | { readonly form: "daily"; readonly interval: number }
);

const FIELD = "policy.trigger.properties.pattern";
const MAX_PATTERNS = 24;
const MAX_TEXT = 10_240;
const MAX_INTERVAL_DAYS = 30;
const DAY_MINUTES = 24 * 60;
const LEAST_GAP_MINUTES = 60;

/**
 * The patterns of a policy, in their order.
 * @throws Fault 9900 (a form that CBR does not take, more than 24 of them, two points less than an hour apart)
 */
export function parsePatterns(texts: readonly string[]): readonly Pattern[] {
  if (texts.length === 0 || texts.length > MAX_PATTERNS)
    badField(FIELD, `must have 1 to ${MAX_PATTERNS} elements, not ${texts.length}`);
  if (texts.reduce((sum, text) => sum + text.length, 0) > MAX_TEXT)
    badField(FIELD, `must be at most ${MAX_TEXT} characters in all`);
  const patterns = texts.map((text, i) => parsePattern(text, `${FIELD}[${i}]`));
  patterns.forEach((pattern, i) => {
    const near = patterns.findIndex((other, j) => j < i && tooClose(pattern, other));
    if (near >= 0)
      badField(`${FIELD}[${i}]`, `lies less than an hour from pattern[${near}]; points need an hour between them`);
  });
  return patterns;
}

function parsePattern(text: string, field: string): Pattern {
  const members = new Map<string, string>();
  for (const part of text.split(";")) {
    const [, name, value] = /^(FREQ|INTERVAL|BYDAY|BYHOUR|BYMINUTE)=([A-Z0-9,]+)$/.exec(part) ?? [];
    if (name === undefined || value === undefined)
      return badField(field, `"${part.slice(0, 40)}" is none of FREQ=, INTERVAL=, BYDAY=, BYHOUR=, BYMINUTE=`);
    if (members.has(name)) badField(field, `${name} is given twice`);
    members.set(name, value);
  }
  // One pattern a point: lists of hours are not documented (S-3).
  const number = (name: string, least: number, most: number): number => {
    const value = members.get(name) ?? "";
    return /^\d{1,2}$/.test(value) && Number(value) >= least && Number(value) <= most
      ? Number(value)
      : badField(field, `${name} must be one number from ${least} to ${most}`);
  };
  const minuteOfDay = number("BYHOUR", 0, 23) * 60 + number("BYMINUTE", 0, 59);
  switch (members.get("FREQ")) {
    case "WEEKLY":
      if ((members.get("INTERVAL") ?? "1") !== "1") badField(field, "INTERVAL is for FREQ=DAILY");
      return { form: "weekly", minuteOfDay, days: weekdays(members.get("BYDAY") ?? "", field) };
    case "DAILY":
      if (members.has("BYDAY")) badField(field, "BYDAY is for FREQ=WEEKLY");
      return {
        form: "daily",
        minuteOfDay,
        interval: members.has("INTERVAL") ? number("INTERVAL", 1, MAX_INTERVAL_DAYS) : 1,
      };
    default:
      return badField(field, "FREQ must be WEEKLY or DAILY");
  }
}

function weekdays(list: string, field: string): readonly number[] {
  const days = list.split(",").map((name) => WEEKDAYS.indexOf(name));
  if (days.includes(-1)) badField(field, `BYDAY must list days among ${WEEKDAYS.join(", ")}`);
  if (new Set(days).size !== days.length) badField(field, "BYDAY names a day twice");
  return days;
}

/** Could these two fall less than an hour apart? Day by day, and over midnight. */
function tooClose(a: Pattern, b: Pattern): boolean {
  return [-1, 0, 1].some(
    (later) =>
      Math.abs(later * DAY_MINUTES + b.minuteOfDay - a.minuteOfDay) < LEAST_GAP_MINUTES && mayFollow(a, b, later),
  );
}

/** Is there a day of `a` such that the day `later` days on is one of `b`? In doubt, yes: mixed forms meet sooner or later. */
function mayFollow(a: Pattern, b: Pattern, later: number): boolean {
  if (a.form === "weekly" && b.form === "weekly") return a.days.some((day) => b.days.includes((day + later + 7) % 7));
  // Both count from the same day, so they meet there; one day apart they come if and only if their intervals share no factor.
  if (a.form === "daily" && b.form === "daily") return later === 0 || commonFactor(a.interval, b.interval) === 1;
  return true;
}

const commonFactor = (a: number, b: number): number => (b === 0 ? a : commonFactor(b, a % b));
