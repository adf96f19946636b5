/** What a policy may say: the members of its operation definition, their ranges, and which exclude each other (cbr-api 5.8). */
import { badField } from "./fault.ts";

/** What a policy does at its points. A vault has at most one policy of each type (VLT-60). */
export const POLICY_TYPES = ["backup", "replication"] as const;
export type PolicyType = (typeof POLICY_TYPES)[number];

/** QTA-04, SCH-25: policies of one type in one project; one more is 6001. */
export const MAX_POLICIES = 32;

/**
 * The members that a client sent, as it sent them: answers repeat exactly these (echo rule), an update replaces all of
 * them. Numbers that are absent, 0 or -1 set nothing: read them through `numberSet`.
 */
export interface OperationDefinition {
  /** Newest automatic backups that are kept of each resource. */
  readonly maxBackups?: number | undefined;
  /** Days after which an automatic backup expires. Excludes the count and the four below (RET-02). */
  readonly retentionDurationDays?: number | undefined;
  /** Of so many days, weeks, months, years the last backup is kept as well (RET-31). */
  readonly dayBackups?: number | undefined;
  readonly weekBackups?: number | undefined;
  readonly monthBackups?: number | undefined;
  readonly yearBackups?: number | undefined;
  /** `UTC+08:00`: where days, weeks, months and years of retention begin. It does not move the schedule (SCH-03). */
  readonly timezone?: string | undefined;
  /** Every so many automatic backups of a resource, one is full (CON-16). */
  readonly fullBackupInterval?: number | undefined;
  readonly destinationRegion?: string | undefined;
  readonly destinationProjectId?: string | undefined;
  readonly enableAcceleration?: boolean | undefined;
}

const FIELD = "policy.operation_definition";
/** -1 and 0 are spellings of "not set" (RET-01). */
const UNSET = -1;
const MAX_COUNT = 99_999;
const MAX_PERIODS = 100;

/** @returns the number, or undefined when the member sets nothing: absent, 0 or -1 (RET-01) */
export const numberSet = (value: number | undefined): number | undefined =>
  value === undefined || value <= 0 ? undefined : value;

const RANGES = [
  ["maxBackups", "max_backups", MAX_COUNT],
  ["retentionDurationDays", "retention_duration_days", MAX_COUNT],
  ["dayBackups", "day_backups", MAX_PERIODS],
  ["weekBackups", "week_backups", MAX_PERIODS],
  ["monthBackups", "month_backups", MAX_PERIODS],
  ["yearBackups", "year_backups", MAX_PERIODS],
  ["fullBackupInterval", "full_backup_interval", MAX_PERIODS],
] as const;

const PERIODS = ["dayBackups", "weekBackups", "monthBackups", "yearBackups"] as const;

/** Minutes that a zone `UTC+08:00` is ahead of UTC; undefined when it is written otherwise or lies beyond 14 hours. */
export function zoneOffsetMinutes(timezone: string): number | undefined {
  const [, sign, hours, minutes] = /^UTC([+-])(\d\d):([0-5]\d)$/.exec(timezone) ?? [];
  if (sign === undefined) return undefined;
  const ahead = Number(hours) * 60 + Number(minutes);
  return ahead > 14 * 60 ? undefined : (sign === "-" ? -1 : 1) * ahead;
}

/** @throws Fault 9900 naming the member and its rule */
export function checkDefinition(type: PolicyType, definition: OperationDefinition): void {
  for (const [member, wire, most] of RANGES) {
    const value = definition[member];
    if (value !== undefined && !(Number.isInteger(value) && value >= UNSET && value <= most))
      badField(`${FIELD}.${wire}`, `must be -1 or 0 (not set) or an integer up to ${most}, not ${value}`);
  }
  checkZone(definition);
  checkRetention(definition);
  if (type === "replication") checkDestination(definition);
}

function checkZone({ timezone, ...definition }: OperationDefinition): void {
  if (timezone !== undefined && zoneOffsetMinutes(timezone) === undefined)
    badField(`${FIELD}.timezone`, `must be UTC+HH:MM or UTC-HH:MM, not "${timezone}"`);
  // RET-03: nobody knows where a day begins otherwise.
  if (timezone === undefined && PERIODS.some((period) => numberSet(definition[period]) !== undefined))
    badField(`${FIELD}.timezone`, "is missing: day, week, month and year backups need it, e.g. UTC+01:00");
}

/** RET-02: time excludes count and periods. */
function checkRetention(definition: OperationDefinition): void {
  if (numberSet(definition.retentionDurationDays) === undefined) return;
  const other = RANGES.find(
    ([member]) =>
      member !== "retentionDurationDays" &&
      member !== "fullBackupInterval" &&
      numberSet(definition[member]) !== undefined,
  );
  if (other !== undefined)
    badField(`${FIELD}.retention_duration_days`, `cannot be set together with ${other[1]}; set one of them to -1`);
}

function checkDestination({ destinationRegion, destinationProjectId }: OperationDefinition): void {
  if (!destinationRegion) badField(`${FIELD}.destination_region`, "is missing: a replication policy needs it");
  if (!destinationProjectId) badField(`${FIELD}.destination_project_id`, "is missing: a replication policy needs it");
}

const DAY_MS = 24 * 3600 * 1000;

/**
 * Is a resource's next automatic backup a full one (CON-16)? Every `every`-th is, unless the last full one is less than a
 * day old: then it runs as incremental and the next one a day later is full (BKP-31).
 */
export function isFullDue(
  every: number | undefined,
  resource: { readonly sinceFull: number; readonly fullAt: number | undefined },
  now: number,
): boolean {
  const interval = numberSet(every);
  if (interval === undefined || resource.sinceFull + 1 < interval) return false;
  return resource.fullAt === undefined || now - resource.fullAt >= DAY_MS;
}
