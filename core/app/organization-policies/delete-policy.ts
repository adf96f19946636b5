/** DELETE organization-policies/{id}: it was rolled out nowhere, so nothing else goes with it (ORG-04). */
import { organizationPolicyKey } from "../records/organization-policies.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { loadOrganizationPolicy } from "./load-policy.ts";

/** @throws Fault 6000 */
export const deleteOrganizationPolicy = (s: Services, domainId: string, id: string): Promise<void> =>
  withFreshState(async () => {
    const { v } = await loadOrganizationPolicy(s, domainId, id);
    // Loses to whoever changes or deletes the policy meanwhile, and is then decided again.
    await s.records.write({ op: "delete", key: organizationPolicyKey(domainId, id), if: { v } });
  });
