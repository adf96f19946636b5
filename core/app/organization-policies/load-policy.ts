/** Organisation policies of the caller's account, read consistently. */
import { fault } from "../../domain/fault.ts";
import type { OperationType } from "../../domain/organization-policy.ts";
import { ORGANIZATION_POLICIES, OrganizationPolicy, organizationPolicyKey } from "../records/organization-policies.ts";
import type { Versioned } from "../records/record.ts";
import { listAll, load } from "../records/tables.ts";
import type { RecordServices } from "../services.ts";

/** @throws Fault 6000 when the account has no such policy */
export async function loadOrganizationPolicy(
  s: RecordServices,
  domainId: string,
  id: string,
): Promise<Versioned<OrganizationPolicy>> {
  const found = await load(s.records, { schema: OrganizationPolicy }, organizationPolicyKey(domainId, id));
  return found ?? fault("6000", `organization policy ${id} does not exist`);
}

/** All of one type; there are never more than some dozen. */
export async function listOrganizationPolicies(
  s: RecordServices,
  domainId: string,
  type: OperationType,
): Promise<OrganizationPolicy[]> {
  const { pk } = organizationPolicyKey(domainId, "");
  const all = await listAll(s.records, OrganizationPolicy, pk, ORGANIZATION_POLICIES);
  return all.filter(({ operationType }) => operationType === type);
}
