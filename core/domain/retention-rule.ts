/** What does a retention rule say? Which of four modes it is follows from the numbers that are set (RET-01). */
import { type Calendar, calendarOf, PERIODS, type Period } from "./calendar.ts";
import type { Instant } from "./values.ts";

/** The numbers of an operation_definition; absent, 0 and -1 all mean "not set" (cbr-api 5.8). */
export interface RetentionRule {
  readonly maxBackups?: number | undefined;
  readonly retentionDays?: number | undefined;
  readonly dayBackups?: number | undefined;
  readonly weekBackups?: number | undefined;
  readonly monthBackups?: number | undefined;
  readonly yearBackups?: number | undefined;
  /** `UTC+08:00`: where the borders of days, weeks, months and years lie (RET-03). */
  readonly timezone?: string | undefined;
}

/** How many of the newest periods that have a backup keep their newest one. */
export interface PeriodCount {
  readonly period: Period;
  readonly count: number;
}

export type RuleMeaning =
  | {
      readonly mode: "count";
      readonly newest: number;
      readonly periods: readonly PeriodCount[];
      /** Absent = no period is counted. */
      readonly calendar?: Calendar;
    }
  | { readonly mode: "time"; readonly days: number }
  | { readonly mode: "permanent" }
  /** It can be read in more than one way, or not at all: nothing is deleted by it (RET-34). */
  | { readonly mode: "unclear"; readonly why: string };

const DAY_MS = 24 * 3600 * 1000;

const isSet = (n: number | undefined): n is number => n !== undefined && n > 0;

const FIELD = { day: "dayBackups", week: "weekBackups", month: "monthBackups", year: "yearBackups" } as const;

/** What a rule means. Whatever the API should have refused (RET-02, RET-03) is unclear here: a rule never deletes by mistake. */
export function meaningOf(rule: RetentionRule): RuleMeaning {
  const { maxBackups, retentionDays, timezone } = rule;
  const periods = PERIODS.flatMap((period): PeriodCount[] => {
    const count = rule[FIELD[period]];
    return isSet(count) ? [{ period, count }] : [];
  });
  if (isSet(retentionDays)) {
    if (isSet(maxBackups) || periods.length > 0)
      return { mode: "unclear", why: "the rule limits backups by time and by number at once" };
    return { mode: "time", days: retentionDays };
  }
  if (!isSet(maxBackups)) {
    if (periods.length === 0) return { mode: "permanent" };
    return { mode: "unclear", why: "days, weeks, months or years are counted but max_backups is not set" };
  }
  if (periods.length === 0) return { mode: "count", newest: maxBackups, periods };
  if (timezone === undefined) return { mode: "unclear", why: "the rule counts calendar periods and names no timezone" };
  const calendar = calendarOf(timezone);
  if (calendar === undefined) return { mode: "unclear", why: `there is no timezone ${timezone}` };
  return { mode: "count", newest: maxBackups, periods, calendar };
}

/** RET-38: the date that a backup gets at its creation, and keeps whatever becomes of the rule (RET-39); undefined = none. */
export function expiryOf(rule: RetentionRule, createdAt: Instant): Instant | undefined {
  const meaning = meaningOf(rule);
  return meaning.mode === "time" ? createdAt + meaning.days * DAY_MS : undefined;
}
