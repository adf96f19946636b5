/** Which policies and vaults break the compliance rules, and why: an extension of ours (MON-04). */
import { checkCompliance } from "../../core/app/policies/check-compliance.ts";
import type { Services } from "../../core/app/services.ts";
import type { Compliance } from "../../core/domain/compliance.ts";
import { integerOf, pageOf } from "./kit/list-query.ts";
import type { Handler } from "./kit/request.ts";

/** A day, and a week: what is asked of everything when nothing else is said. */
const GAP_HOURS = 24;
const LEAST_DAYS = 7;
/** The longest gap that a policy can have is 30 days; the longest retention is 99,999. */
const MOST_HOURS = 720;
const MOST_DAYS = 99_999;

const verdictView = (verdict: Compliance) => ({
  compliant: verdict.compliant,
  reason: verdict.compliant ? null : verdict.reason,
});

export const showCompliance: Handler<Services> = async ({ query, projectId }, services) => {
  const { limit, offset, marker } = pageOf(query);
  const mostGapHours = integerOf(query, "max_gap_hours", 1, MOST_HOURS) ?? GAP_HOURS;
  const leastDays = integerOf(query, "min_retention_days", 1, MOST_DAYS) ?? LEAST_DAYS;
  const found = await checkCompliance(services, projectId, { mostGapHours, leastDays, limit, offset, marker });
  return {
    status: 200,
    body: {
      max_gap_hours: mostGapHours,
      min_retention_days: leastDays,
      policies: found.policies.map(({ policy, gapHours, verdict }) => ({
        policy_id: policy.id,
        policy_name: policy.name,
        longest_gap_hours: gapHours,
        ...verdictView(verdict),
      })),
      vaults: found.vaults.map(({ vault, policy, verdict }) => ({
        vault_id: vault.id,
        vault_name: vault.name,
        policy_id: policy?.id ?? null,
        policy_name: policy?.name ?? null,
        ...verdictView(verdict),
      })),
      count: found.count,
      limit,
      offset,
    },
  };
};
