/** How an organisation policy looks on the wire (cbr-api 7.3). */
import type { OrganizationPolicy } from "../../../core/app/records/organization-policies.ts";

/** `syncing` is the one published status that says "not rolled out": nothing is, and #29 lists no project (ORG-02). */
export const organizationPolicyView = (policy: OrganizationPolicy): object => ({
  id: policy.id,
  name: policy.name,
  description: policy.description,
  operation_type: policy.operationType,
  domain_id: policy.domainId,
  domain_name: policy.domainName,
  effective_scope: policy.effectiveScope,
  policy_name: policy.policyName,
  policy_enabled: policy.policyEnabled,
  policy_operation_definition: policy.definition,
  policy_trigger: { properties: { pattern: policy.patterns } },
  status: "syncing",
});
