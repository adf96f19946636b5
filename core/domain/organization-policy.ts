/** What an organisation policy may say: its schedule in whole hours (ORG-05) and its retention, as ordinary policies (ORG-01). */
import { badField } from "./fault.ts";

export const OPERATION_TYPES = ["backup", "replication"] as const;
export type OperationType = (typeof OPERATION_TYPES)[number];

/** QTA-04 gives an account this many policies of each type; no other number is published for an organisation's. */
export const MAX_PER_TYPE = 32;

/** As it is sent, stored and shown: a member that was not sent stays absent (cbr-api 5.8, echo rule). */
export interface PolicyDefinition {
  readonly max_backups?: number | undefined;
  readonly retention_duration_days?: number | undefined;
  readonly day_backups?: number | undefined;
  readonly week_backups?: number | undefined;
  readonly month_backups?: number | undefined;
  readonly year_backups?: number | undefined;
  readonly timezone?: string | undefined;
  readonly full_backup_interval?: number | undefined;
  readonly destination_region?: string | undefined;
  readonly destination_project_id?: string | undefined;
  readonly enable_acceleration?: boolean | undefined;
}

const PERIODS = ["day_backups", "week_backups", "month_backups", "year_backups"] as const;
/** Neither -1 nor 0 nor absent. */
const isSet = (value: number | undefined): boolean => value !== undefined && value > 0;

/**
 * Days exclude every count (cbr-api 5.8); periods need a time zone; replication needs to know where to.
 * @throws Fault 9900, naming members below `field`
 */
export function checkDefinition(
  field: string,
  type: OperationType,
  definition: PolicyDefinition,
  ownRegion: string | undefined,
): void {
  const counts = (["max_backups", ...PERIODS] as const).filter((name) => isSet(definition[name]));
  if (isSet(definition.retention_duration_days) && counts.length > 0)
    badField(`${field}.retention_duration_days`, `must not be set together with ${counts.join(", ")}`);
  if (definition.timezone === undefined && PERIODS.some((name) => isSet(definition[name])))
    badField(`${field}.timezone`, `is missing: must be given with ${PERIODS.join(", ")}`);
  if (definition.enable_acceleration === true)
    badField(`${field}.enable_acceleration`, "must not be true: there is nothing here that would be faster");
  if (type !== "replication") return;
  for (const name of ["destination_region", "destination_project_id"] as const)
    if (!definition[name]) badField(`${field}.${name}`, "is missing: a replication policy must name it");
  if (definition.destination_region === ownRegion)
    badField(`${field}.destination_region`, `must be another region than this one, ${ownRegion}`);
}

const DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
const MAX_PATTERNS = 24;
const MAX_TEXT = 10_240;
const MAX_INTERVAL = 30;

/**
 * 1 to 24 rules of the iCalendar subset, one hour each, no hour of a day twice (QTA-09): points lie at least an hour apart.
 * @throws Fault 9900, naming the rule below `field`
 */
export function checkSchedule(field: string, patterns: readonly string[]): void {
  if (patterns.length < 1 || patterns.length > MAX_PATTERNS) badField(field, `must have 1 to ${MAX_PATTERNS} elements`);
  if (patterns.join("").length > MAX_TEXT) badField(field, `must be at most ${MAX_TEXT} characters long in all`);
  const taken = new Set<string>();
  for (const [n, pattern] of patterns.entries()) {
    const { days, hour } = pointsOf(`${field}[${n}]`, pattern);
    for (const day of days) {
      if (taken.has(`${day}${hour}`))
        badField(`${field}[${n}]`, `names ${day} ${hour}:00 again; points must be at least an hour apart`);
      taken.add(`${day}${hour}`);
    }
  }
}

function pointsOf(field: string, pattern: string): { readonly days: readonly string[]; readonly hour: number } {
  const members = new Map<string, string>();
  for (const part of pattern.split(";")) {
    const [name = "", value = "", ...more] = part.split("=");
    if (more.length > 0 || value === "" || members.has(name))
      badField(field, "must be members like BYHOUR=14, separated by `;`, each once");
    members.set(name, value);
  }
  const known = ["FREQ", "INTERVAL", "BYDAY", "BYHOUR", "BYMINUTE"];
  for (const name of members.keys())
    if (!known.includes(name)) badField(field, `has the member ${name}; must have ${known.join(", ")} only`);
  const whole = (name: string, least: number, most: number): number => {
    const text = members.get(name) ?? badField(field, `${name} is missing`);
    const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most ? value : badField(field, `${name} must be from ${least} to ${most}`);
  };
  const freq = members.get("FREQ");
  if (freq !== "DAILY" && freq !== "WEEKLY") badField(field, "FREQ must be DAILY or WEEKLY");
  if (members.has("INTERVAL")) whole("INTERVAL", 1, MAX_INTERVAL);
  const days = members.get("BYDAY")?.split(",") ?? [];
  if (freq === "WEEKLY" && days.length === 0) badField(field, "BYDAY is missing: a weekly rule must name its days");
  if (!days.every((day) => DAYS.includes(day)) || new Set(days).size < days.length)
    badField(field, `BYDAY must be days among ${DAYS.join(", ")}, each once`);
  const hour = whole("BYHOUR", 0, 23);
  if (whole("BYMINUTE", 0, 59) !== 0) badField(field, "BYMINUTE must be 00: organisation policies run on whole hours");
  return { days: days.length === 0 ? DAYS : days, hour };
}
