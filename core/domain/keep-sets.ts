/** Which backups does a count rule keep? The newest ones, and the newest of each of so many days, weeks, months, years (RET-30..33). */
import type { KeepReason } from "./retention-reasons.ts";
import type { PeriodCount, RuleMeaning } from "./retention-rule.ts";
import type { Instant } from "./values.ts";

interface Counted {
  readonly id: string;
  readonly createdAt: Instant;
}

type CountRule = Extract<RuleMeaning, { readonly mode: "count" }>;

/**
 * Why each backup is kept; those that no set holds are not in the map. The sets overlap freely (RET-32), and the period that
 * runs is represented by its newest backup so far (RET-33).
 */
export function keepSets(newestFirst: readonly Counted[], rule: CountRule): ReadonlyMap<string, readonly KeepReason[]> {
  const reasons = new Map<string, KeepReason[]>();
  const keep = (id: string, reason: KeepReason) => void reasons.set(id, [...(reasons.get(id) ?? []), reason]);
  for (const [i, { id }] of newestFirst.slice(0, rule.newest).entries())
    keep(id, { kind: "count", place: i + 1, of: rule.newest });
  for (const counted of rule.periods)
    for (const [id, period] of newestOfEach(newestFirst, rule, counted)) keep(id, { kind: counted.period, period });
  return reasons;
}

/** The newest backup of each of the newest `count` periods that have one: days without a backup do not count (RET-31). */
function* newestOfEach(newestFirst: readonly Counted[], { calendar }: CountRule, { period, count }: PeriodCount) {
  if (calendar === undefined) return;
  const seen = new Set<string>();
  for (const { id, createdAt } of newestFirst) {
    const label = calendar(createdAt, period);
    if (seen.has(label)) continue;
    if (seen.size === count) return;
    seen.add(label);
    yield [id, label] as const;
  }
}

/** `, nor the newest of the last 5 days, 1 week`: the periods of a rule as the end of a sentence. */
export const periodsText = ({ periods }: CountRule): string =>
  periods.length === 0
    ? ""
    : `, nor the newest of the last ${periods.map(({ period, count }) => `${count} ${period}${count === 1 ? "" : "s"}`).join(", ")}`;
