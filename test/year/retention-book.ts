/**
 * What retention has to keep, told by a book of our own: each backup as it completes, each look that follows, and what goes then,
 * with the reason that the service has to give. Written from cbr-behaviour 7, not from core/domain.
 */
import { type Period, periodOf } from "./zones.ts";

const DAY = 24 * 3600_000;

/** As on the wire. */
export interface Rule {
  readonly max_backups?: number;
  readonly retention_duration_days?: number;
  readonly day_backups?: number;
  readonly week_backups?: number;
  readonly month_backups?: number;
  readonly year_backups?: number;
  readonly timezone?: string;
}

export interface BookedBackup {
  readonly id: string;
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
}

const PERIODS = ["day", "week", "month", "year"] as const satisfies readonly Period[];

const countOf = (rule: Rule, period: Period): number => rule[`${period}_backups`] ?? 0;

/** Automatic backups of one resource. */
export class RetentionBook {
  /** Oldest first. */
  readonly #kept: BookedBackup[] = [];
  /** Why and when each one went. */
  readonly gone = new Map<string, { readonly reason: string; readonly at: number }>();
  made = 0;

  /** @param rule in force at its creation: it fixes the date (RET-38) */
  complete(id: string, createdAt: number, rule: Rule | undefined): void {
    const days = rule?.retention_duration_days;
    this.#kept.push({ id, createdAt, expiresAt: days === undefined ? undefined : createdAt + days * DAY });
    this.#kept.sort((a, b) => a.createdAt - b.createdAt);
    this.made++;
  }

  /** RET-20: a backup has completed, and this rule is in force (undefined: none is, RET-23). */
  look(rule: Rule | undefined, now: number): void {
    this.dates(now);
    if (rule?.max_backups === undefined) return;
    const kept = this.#byNumber(rule, now);
    const periods = PERIODS.filter((period) => countOf(rule, period) > 0).map((period) => {
      const n = countOf(rule, period);
      return `${n} ${period}${n === 1 ? "" : "s"}`;
    });
    const more = periods.length === 0 ? "" : `, nor the newest of the last ${periods.join(", ")}`;
    // The newest one stays whatever its date says (design 7).
    for (const { id } of this.#kept.slice(0, -1))
      if (!kept.has(id)) this.#drop(id, `not among the newest ${rule.max_backups}${more}`, now);
  }

  /** RET-21: dates that have come, but for the last backup that there is. */
  dates(now: number): void {
    for (const backup of this.#kept.slice(0, -1))
      if (backup.expiresAt !== undefined && backup.expiresAt <= now)
        this.#drop(backup.id, `expired on ${minuteOf(backup.expiresAt)}`, now);
  }

  #drop(id: string, reason: string, at: number): void {
    this.#kept.splice(
      this.#kept.findIndex((b) => b.id === id),
      1,
    );
    this.gone.set(id, { reason, at });
  }

  /** RET-30..33: the newest so many, and the newest of each of so many periods that have one. @returns reasons by id */
  #byNumber(rule: Rule, now: number): Map<string, string[]> {
    const reasons = new Map<string, string[]>();
    const newest = this.#kept.filter((b) => b.expiresAt === undefined || b.expiresAt > now).toReversed();
    const keep = (id: string, why: string) => void reasons.set(id, [...(reasons.get(id) ?? []), why]);
    const most = rule.max_backups ?? 0;
    for (const [i, { id }] of newest.slice(0, most).entries()) keep(id, `number ${i + 1} of the newest ${most}`);
    for (const period of PERIODS) {
      const latest = new Map<string, string>();
      for (const { id, createdAt } of newest) {
        const name = periodOf(rule.timezone ?? "UTC+00:00", createdAt, period);
        if (!latest.has(name)) latest.set(name, id);
      }
      for (const [name, id] of [...latest].slice(0, countOf(rule, period))) keep(id, `newest of ${period} ${name}`);
    }
    return reasons;
  }

  /**
   * What the service has to say of each one that is kept, oldest first, under the rule in force. Undefined: the rule has been changed,
   * and it goes when the next backup completes (RET-50).
   */
  reasons(rule: Rule | undefined, now: number): ReadonlyMap<string, readonly string[] | undefined> {
    const counted = rule?.max_backups === undefined ? undefined : this.#byNumber(rule, now);
    const say = ({ id, expiresAt }: BookedBackup): readonly string[] | undefined => {
      if (expiresAt !== undefined && expiresAt <= now) return ["the last good backup of its resource"];
      const date = expiresAt === undefined ? [] : [`expires on ${minuteOf(expiresAt)}`];
      if (counted !== undefined) return counted.has(id) ? [...(counted.get(id) ?? []), ...date] : undefined;
      if (date.length > 0) return date;
      return rule === undefined
        ? ["it has no expiry date, and no enabled policy is in force"]
        : ["it has no expiry date, and the rule in force does not limit it"];
    };
    return new Map(this.#kept.map((b) => [b.id, say(b)]));
  }
}

const minuteOf = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
