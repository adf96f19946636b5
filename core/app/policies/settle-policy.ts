/** Tells every vault of a policy what it says now, or that it is gone. What a crash leaves undone the tick does. */

import type { Write } from "../../ports/record-store.ts";
import { inBatches } from "../in-batches.ts";
import type { Policy } from "../records/policies.ts";
import { linksOf, loadPolicyRow, policies } from "../records/policies.ts";
import { toItem } from "../records/record.ts";
import { type PolicyDue, policyDueKey } from "../records/scheduled-runs.ts";
import { remove } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { RecordServices } from "../services.ts";
import { settleLink } from "./bindings.ts";
import { knows } from "./points.ts";

/** Vaults that are told together: their writes share commits. */
const VAULTS_AT_ONCE = 16;

const dueFor = ({ projectId, operationType, id, trigger }: Policy): PolicyDue => ({
  schema: 1,
  projectId,
  operationType,
  policyId: id,
  since: trigger.since,
});

/** Goes with every change of a policy that its vaults must know of. Anybody may put it: doing the work again is harmless. */
export const watchPolicy = (policy: Policy): Write => {
  const due = dueFor(policy);
  return { op: "put", item: toItem({ key: policyDueKey(due) }, due, 0), if: "any" };
};

/** Idempotent. With the last vault released, a policy that was deleted goes as well. */
export const settlePolicy = (s: RecordServices, due: Omit<PolicyDue, "schema">): Promise<void> =>
  withFreshState(() => settle(s, due));

async function settle(s: RecordServices, due: Omit<PolicyDue, "schema">): Promise<void> {
  // The policy first: whoever applies it after this look has seen it as it is now.
  const policy = await loadPolicyRow(s.records, due);
  const links = await linksOf(s.records, due.policyId);
  const open = links.filter((link) => policy === undefined || policy.deleted === true || !knows(link, policy));
  await inBatches(open, VAULTS_AT_ONCE, (link) => settleLink(s, link.policyId, link.vaultId));
  if (policy?.deleted === true) await s.records.transact([remove(policies, policy)]);
  await s.records.write({ op: "delete", key: policyDueKey({ ...due, schema: 1 }), if: "any" });
}

/** The same, right after the change. */
export const settleNow = (s: RecordServices, policy: Policy): Promise<void> => settlePolicy(s, dueFor(policy));
