/** How is a policy described on the command line? Options of `policy create` and `policy update`, and what they mean. */
import { type Command, InvalidArgumentError } from "commander";
import { integer } from "../arguments.ts";
import type { Row } from "../client.ts";
import { UsageError } from "../failure.ts";

/** Limits of the API (cbr-api 5.8). */
const MOST_KEPT = 99_999;
const MOST_PERIODS = 100;
const MOST_DAYS = 30;
const DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"] as const;

export interface PolicyOptions {
  readonly at?: readonly string[];
  readonly on?: readonly string[];
  readonly every?: number;
  readonly keep?: number;
  readonly keepDays?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
  readonly zone?: string;
  readonly fullEvery?: number;
}

/** `02:30`, collected in order. */
function times(text: string, before: readonly string[] | undefined): string[] {
  if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(text)) throw new InvalidArgumentError("It must have the form HH:MM.");
  return [...(before ?? []), text];
}

function weekdays(text: string): string[] {
  const days = text.toUpperCase().split(",");
  if (days.some((day) => !DAYS.some((known) => known === day)))
    throw new InvalidArgumentError(`It must list days among ${DAYS.join(",")}.`);
  return days;
}

/** Adds the options that say when, and what is kept. */
export const addPolicyOptions = (command: Command): Command =>
  addKeepOptions(
    command
      .option("--at <HH:MM>", "at this time, UTC (repeatable)", times)
      .option("--on <days>", "on these weekdays, e.g. MO,WE,FR (default: every day)", weekdays)
      .option("--every <days>", "every so many days instead", integer(1, MOST_DAYS)),
  ).option("--full-every <n>", "every so many backups a full one", integer(1, MOST_PERIODS));

/** Adds the options that say what is kept. */
export function addKeepOptions(command: Command): Command {
  const periods = integer(0, MOST_PERIODS);
  return command
    .option("--keep <n>", "keep the newest so many backups of each resource", integer(1, MOST_KEPT))
    .option("--keep-days <n>", "keep each backup so many days", integer(1, MOST_KEPT))
    .option("--daily <n>", "besides, the last backup of so many days", periods)
    .option("--weekly <n>", "besides, the last backup of so many weeks", periods)
    .option("--monthly <n>", "besides, the last backup of so many months", periods)
    .option("--yearly <n>", "besides, the last backup of so many years", periods)
    .option("--zone <zone>", "where those days and weeks begin, e.g. UTC+01:00 (default: UTC+00:00)");
}

/** One pattern a time; undefined when none is given. @throws UsageError */
export function patternsOf({ at, on, every }: PolicyOptions): string[] | undefined {
  if (on !== undefined && every !== undefined) throw new UsageError("give --on or --every, not both");
  if (at === undefined) {
    if (on !== undefined || every !== undefined) throw new UsageError("give at least one time with --at");
    return undefined;
  }
  const days = on === undefined ? `FREQ=DAILY;INTERVAL=${every ?? 1}` : `FREQ=WEEKLY;BYDAY=${on.join(",")}`;
  return at.map((time) => `${days};BYHOUR=${time.slice(0, 2)};BYMINUTE=${time.slice(3)}`);
}

/** What is kept, replaced as a whole when any of it is given; the rest of the definition stays. */
export function definitionOf(options: PolicyOptions, before: Row): Row {
  const { keep, keepDays, daily, weekly, monthly, yearly, zone, fullEvery } = options;
  const periods = { day_backups: daily, week_backups: weekly, month_backups: monthly, year_backups: yearly };
  const given = Object.entries(periods).filter(([, n]) => n !== undefined);
  const rule: Row = {
    ...(keep !== undefined && { max_backups: keep }),
    ...(keepDays !== undefined && { retention_duration_days: keepDays }),
    ...Object.fromEntries(given),
  };
  const untouched = Object.keys(rule).length === 0;
  const RETENTION = ["max_backups", "retention_duration_days", ...Object.keys(periods)];
  const kept = Object.entries(before).filter(([name]) => untouched || !RETENTION.includes(name));
  const timezone = zone ?? before.timezone ?? (given.length > 0 ? "UTC+00:00" : undefined);
  return {
    ...Object.fromEntries(kept),
    ...rule,
    ...(timezone !== undefined && { timezone }),
    ...(fullEvery !== undefined && { full_backup_interval: fullEvery }),
  };
}

const OF_DEFINITION = ["keep", "keepDays", "daily", "weekly", "monthly", "yearly", "zone", "fullEvery"] as const;

/** Does any option say what is kept, or how often a full backup is made? */
export const saysDefinition = (options: PolicyOptions): boolean =>
  OF_DEFINITION.some((name) => options[name] !== undefined);
