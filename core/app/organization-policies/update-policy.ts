/** PUT organization-policies/{id}: definition and trigger are replaced as wholes, everything else member by member (cbr-api 5.8). */
import { checkDefinition, checkSchedule } from "../../domain/organization-policy.ts";
import { type OrganizationPolicy, organizationPolicyKey } from "../records/organization-policies.ts";
import { replaceAt } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import type { Organization, OrganizationPolicyDraft } from "./create-policy.ts";
import { loadOrganizationPolicy } from "./load-policy.ts";

/** Absent is unchanged; the operation type stays what it is. */
export type OrganizationPolicyChange = Partial<Omit<OrganizationPolicyDraft, "operationType">>;

/** @throws Fault 6000, 9900 */
export async function updateOrganizationPolicy(
  s: Services,
  { domainId, region }: Organization,
  id: string,
  change: OrganizationPolicyChange,
): Promise<OrganizationPolicy> {
  return withFreshState(async () => {
    const { v, ...policy } = await loadOrganizationPolicy(s, domainId, id);
    const updated: OrganizationPolicy = { ...policy, ...change, updatedAt: s.now() };
    checkDefinition("policy.policy_operation_definition", policy.operationType, updated.definition, region);
    checkSchedule("policy.policy_trigger.properties.pattern", updated.patterns);
    // Loses to whoever changes or deletes the policy meanwhile, and is then decided again.
    await s.records.write(replaceAt({ key: organizationPolicyKey(domainId, id) }, { ...updated, v }));
    return updated;
  });
}
