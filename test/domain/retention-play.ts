/** A resource's life under a policy: backups complete, rules change, dates come; for the vectors of cbr-behaviour 7.7. */
import { planRetention, type RetainedBackup } from "../../core/domain/retention.ts";
import { expiryOf, type RetentionRule } from "../../core/domain/retention-rule.ts";

/** Monday, 3 August 2026 is the Monday of the vectors; dates like "5 Aug" are of that year too. */
export const at = (day: string, time = "02:00"): number => Date.parse(`2026-08-${day}T${time}:00Z`);

const DAY_MS = 24 * 3600 * 1000;

export class Life {
  rule: RetentionRule;
  readonly backups: RetainedBackup[] = [];

  constructor(rule: RetentionRule) {
    this.rule = rule;
  }

  /** A backup completes at this instant: it gets its date, and the rule in force is looked at (RET-20, RET-38). */
  complete(id: string, now: number, automatic = true): void {
    this.dates(now);
    const expiredAt = automatic ? expiryOf(this.rule, now) : undefined;
    this.backups.push({ id, createdAt: now, automatic, status: "available", expiredAt });
    this.#drop(now, () => true);
  }

  /** One automatic backup a day at 02:00, from the first day of August to the last, named by the day. */
  daily(from: number, to: number): void {
    for (let day = from; day <= to; day++) {
      const start = at("01") + (day - 1) * DAY_MS;
      this.complete(String(day), start);
    }
  }

  /** Dates that have come by now are looked at, whatever the rule (RET-21). */
  dates(now: number): void {
    this.#drop(now, (kind) => kind === "expired");
  }

  kept(now: number, automatic: boolean | "all" = true): string[] {
    this.dates(now);
    return this.backups.filter((b) => automatic === "all" || b.automatic === automatic).map(({ id }) => id);
  }

  #drop(now: number, which: (kind: string) => boolean): void {
    for (const decision of planRetention(this.backups, { rule: this.rule, now }))
      if (!decision.keep && which(decision.reason.kind))
        this.backups.splice(
          this.backups.findIndex(({ id }) => id === decision.id),
          1,
        );
  }
}
