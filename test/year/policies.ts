/** Policies of all kinds: how often, and what is kept. */
import type { Rule } from "./retention-book.ts";
import { ZONES } from "./zones.ts";

const daily = (interval: number, ...hours: number[]): string[] =>
  hours.map((hour) => `FREQ=DAILY;INTERVAL=${interval};BYHOUR=${hour};BYMINUTE=30`);
const weekly = (days: string, hour: number, minute = "00"): string[] => [
  `FREQ=WEEKLY;BYDAY=${days};BYHOUR=${hour};BYMINUTE=${minute}`,
];

/** The rare ones first; those from `HOURLY` on would be most of the year's work if many vaults had them. */
export const PATTERNS: readonly (readonly string[])[] = [
  daily(1, 22),
  daily(1, 1, 13),
  daily(3, 22),
  daily(7, 1, 13),
  daily(30, 5),
  weekly("MO", 22),
  weekly("MO,TH", 0),
  weekly("SU", 14),
  daily(14, 2, 14),
  weekly("MO,TU,WE,TH,FR,SA,SU", 23, "59"),
  daily(1, 0, 6, 12, 18),
  daily(1, ...Array.from({ length: 24 }, (_, hour) => hour)),
];
export const HOURLY = PATTERNS.length - 1;

const family = (timezone: string): Rule => ({
  max_backups: 2,
  day_backups: 7,
  week_backups: 4,
  month_backups: 6,
  year_backups: 2,
  timezone,
});

export const RULES: readonly (Rule & { readonly full_backup_interval?: number })[] = [
  { max_backups: 3 },
  { retention_duration_days: 7 },
  ...ZONES.map(family),
  {},
  { max_backups: 30, full_backup_interval: 5 },
  { retention_duration_days: 45 },
  { max_backups: 1, week_backups: 8, timezone: "America/New_York" },
  { max_backups: 1, month_backups: 24, timezone: "Australia/Lord_Howe" },
  { max_backups: 1 },
];
