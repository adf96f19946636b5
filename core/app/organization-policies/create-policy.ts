/** POST organization-policies: what an account wants in its members' projects is kept; rolling it out is not built yet. */
import { fault } from "../../domain/fault.ts";
import { checkDefinition, checkSchedule, MAX_PER_TYPE } from "../../domain/organization-policy.ts";
import {
  type OrganizationPolicy,
  organizationPolicyKey,
  PolicyGate,
  policyGateKey,
} from "../records/organization-policies.ts";
import { insertAt, load, replaceAt } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { listOrganizationPolicies } from "./load-policy.ts";

/** What a policy is created with; texts and numbers have passed the request schema. */
export type OrganizationPolicyDraft = Omit<
  OrganizationPolicy,
  "schema" | "id" | "domainId" | "domainName" | "createdAt" | "updatedAt"
>;

/** The account that the caller belongs to. */
export interface Organization {
  readonly domainId: string;
  readonly domainName: string;
  /** Name of the caller's project, which is the region's. */
  readonly region: string | undefined;
}

/** @throws Fault 9900, 6001 (32 of this type) */
export async function createOrganizationPolicy(
  s: Services,
  { domainId, domainName, region }: Organization,
  draft: OrganizationPolicyDraft,
): Promise<OrganizationPolicy> {
  checkDefinition("policy.policy_operation_definition", draft.operationType, draft.definition, region);
  checkSchedule("policy.policy_trigger.properties.pattern", draft.patterns);
  const now = s.now();
  const policy: OrganizationPolicy = {
    ...draft,
    schema: 1,
    id: s.newId(),
    domainId,
    domainName,
    createdAt: now,
    updatedAt: now,
  };
  await withFreshState(async () => {
    const gate = await load(s.records, { schema: PolicyGate }, policyGateKey(domainId));
    const { length } = await listOrganizationPolicies(s, domainId, draft.operationType);
    if (length >= MAX_PER_TYPE) fault("6001", `the account has ${length} ${draft.operationType} policies already`);
    const passed = { schema: 1 as const, lastCreated: policy.id };
    const place = { key: policyGateKey(domainId) };
    await s.records.transact([
      insertAt({ key: organizationPolicyKey(domainId, policy.id) }, policy),
      // Loses to whoever created one since the count, and is then decided again.
      gate === undefined ? insertAt(place, passed) : replaceAt(place, { ...passed, v: gate.v }),
    ]);
  });
  return policy;
}
