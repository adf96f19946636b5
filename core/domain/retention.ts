/**
 * Retention: what becomes of each backup of one resource in one vault, and why.
 *
 * Pure: the caller brings the backups, the rule in force and the time. A plan names a reason for every backup, kept or not,
 * because "why is this still here?" and "where has it gone?" are the questions that people ask.
 */
import { keepSets, periodsText } from "./keep-sets.ts";
import type { Exemption, ExpiryReason, KeepReason } from "./retention-reasons.ts";
import { meaningOf, type RetentionRule, type RuleMeaning } from "./retention-rule.ts";
import type { BACKUP_STATUSES } from "./statuses.ts";
import type { Instant } from "./values.ts";

export interface RetainedBackup {
  readonly id: string;
  readonly createdAt: Instant;
  /** extend_info.auto_trigger: it decides about retention, not the name (BKP-03). */
  readonly automatic: boolean;
  readonly status: (typeof BACKUP_STATUSES)[number];
  /** Recorded at its creation (RET-38). */
  readonly expiredAt?: Instant | undefined;
  readonly exemptions?: readonly Exemption[];
  /** Its deletion was begun and failed: it is in error, and no failed backup. */
  readonly leaving?: boolean;
}

export interface RuleInForce {
  /** Of the enabled policy that is bound to the vault; absent = there is none, and only dates count (RET-23). */
  readonly rule?: RetentionRule | undefined;
  readonly now: Instant;
  readonly locked?: boolean;
}

export type Decision =
  | {
      readonly id: string;
      readonly keep: true;
      readonly reasons: readonly KeepReason[];
      /** When its date comes, if the date will count then. */
      readonly until?: Instant;
    }
  | { readonly id: string; readonly keep: false; readonly reason: ExpiryReason };

/** BKP-27: failed automatic backups that stay. */
const FAILED_KEPT = 10;
/** BKP-27 says one month: the longest there is, so that none goes early. */
const FAILED_DAYS = 31;
const DAY_MS = 24 * 3600 * 1000;

/** Newest first; of two at one instant the same one always comes first, whatever order they were given in. */
const newestFirst = <T extends Pick<RetainedBackup, "id" | "createdAt">>(backups: readonly T[]): T[] =>
  backups.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));

/** One decision for each backup, newest first. `backups`: all that the resource has in the vault, of any kind and status. */
export function planRetention(backups: readonly RetainedBackup[], inForce: RuleInForce): readonly Decision[] {
  const all = newestFirst(backups);
  const lastGood = all.find(({ status }) => status === "available" || status === "restoring")?.id;
  const meaning = inForce.rule && meaningOf(inForce.rule);
  const subject = all.filter((b) => isSubject(b) && !isDue(b, inForce.now));
  const sets = meaning?.mode === "count" ? keepSets(subject, meaning) : undefined;
  const failed = all.filter((b) => b.automatic && b.status === "error" && b.leaving !== true).map(({ id }) => id);

  const decide = (b: RetainedBackup): Decision => {
    if (b.status === "error") return b.leaving ? gone(b, { kind: "unfinished" }) : failedOne(b, failed, inForce.now);
    if (b.status !== "available") return kept(b, [{ kind: "busy", status: b.status }]);
    const exemptions = b.exemptions ?? [];
    if (exemptions.length > 0) return kept(b, exemptions);
    if (b.expiredAt !== undefined && isDue(b, inForce.now)) return gone(b, { kind: "expired", at: b.expiredAt });
    // No rule is for it (RET-10); its request may have said how long it is wanted.
    if (!b.automatic) return until(b, b.expiredAt === undefined ? [{ kind: "manual" }] : []);
    return byRule(b, meaning, sets?.get(b.id), inForce);
  };
  return all.map((b) => {
    const decision = decide(b);
    // Whatever the rule and the clock say: an empty, mistyped or misread one must not erase a resource.
    return b.id === lastGood && !decision.keep ? kept(b, [{ kind: "last-good" }]) : decision;
  });
}

const isSubject = (b: RetainedBackup): boolean =>
  b.automatic && b.status === "available" && (b.exemptions ?? []).length === 0;

/** What has expired takes no place of the newest `max_backups` any more (RET-53: whichever deletes first). */
const isDue = ({ expiredAt }: RetainedBackup, now: Instant): boolean => expiredAt !== undefined && expiredAt <= now;

const gone = ({ id }: RetainedBackup, reason: ExpiryReason): Decision => ({ id, keep: false, reason });
const kept = ({ id }: RetainedBackup, reasons: readonly KeepReason[]): Decision => ({ id, keep: true, reasons });
/** Kept for now: its date, if it has one, will be looked at. */
const until = (b: RetainedBackup, reasons: readonly KeepReason[]): Decision => ({
  id: b.id,
  keep: true,
  reasons: b.expiredAt === undefined ? reasons : [...reasons, { kind: "date", at: b.expiredAt }],
  ...(b.expiredAt !== undefined && { until: b.expiredAt }),
});

/** An automatic, available backup whose date, if any, has not come. */
function byRule(
  b: RetainedBackup,
  meaning: RuleMeaning | undefined,
  sets: readonly KeepReason[] | undefined,
  { locked }: RuleInForce,
): Decision {
  // What was made under a rule of days has its date; all others are limited by number or not at all (RET-50..54).
  const dated = (otherwise: KeepReason): Decision => until(b, b.expiredAt === undefined ? [otherwise] : []);
  switch (meaning?.mode) {
    case undefined:
      return dated({ kind: "no-rule" });
    case "unclear":
      return until(b, [{ kind: "unclear", why: meaning.why }]);
    case "time":
    case "permanent":
      return dated({ kind: "unlimited" });
    case "count":
      if (sets !== undefined) return until(b, sets);
      if (locked === true && b.expiredAt !== undefined) return until(b, [{ kind: "locked", at: b.expiredAt }]);
      return gone(b, { kind: "beyond", newest: meaning.newest, periods: periodsText(meaning) });
  }
}

/** BKP-27. Failed backups that a person asked for stay until a person deletes them (RET-10). */
function failedOne(b: RetainedBackup, failed: readonly string[], now: Instant): Decision {
  if (!b.automatic) return kept(b, [{ kind: "manual" }]);
  const place = failed.indexOf(b.id) + 1;
  if (place > FAILED_KEPT) return gone(b, { kind: "failed-many", of: FAILED_KEPT });
  if (now - b.createdAt > FAILED_DAYS * DAY_MS) return gone(b, { kind: "failed-old", days: FAILED_DAYS });
  return kept(b, [{ kind: "failed", place, of: FAILED_KEPT }]);
}
