/** Which retention rule is in force in a vault? That of the enabled backup policy that is applied to it, if there is one (RET-23). */
import type { OperationDefinition } from "../../domain/policy.ts";
import type { RetentionRule } from "../../domain/retention-rule.ts";
import type { RecordStore } from "../../ports/record-store.ts";
import type { Vault } from "../records/entities.ts";
import { loadPolicy, type Policy } from "../records/policies.ts";

/** What a policy's definition says about keeping. */
export const ruleOf = (definition: OperationDefinition): RetentionRule => ({
  maxBackups: definition.maxBackups,
  retentionDays: definition.retentionDurationDays,
  dayBackups: definition.dayBackups,
  weekBackups: definition.weekBackups,
  monthBackups: definition.monthBackups,
  yearBackups: definition.yearBackups,
  timezone: definition.timezone,
});

/** Undefined = none: a policy that was deleted, or is disabled, counts as none. */
export async function policyInForce(
  records: RecordStore,
  { projectId, policies }: Pick<Vault, "projectId" | "policies">,
): Promise<Policy | undefined> {
  if (policies?.backup === undefined) return undefined;
  const policy = await loadPolicy(records, projectId, "backup", policies.backup);
  return policy?.enabled === true ? policy : undefined;
}
