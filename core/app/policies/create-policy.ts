/** POST policies: a policy that no vault knows yet. */
import { fault } from "../../domain/fault.ts";
import { parsePatterns } from "../../domain/pattern.ts";
import { checkDefinition, MAX_POLICIES, type OperationDefinition, type PolicyType } from "../../domain/policy.ts";
import { listPolicyRows, type Policy, PolicyGate, policies, policyGateKey } from "../records/policies.ts";
import { parseItem } from "../records/record.ts";
import { insert, insertAt, replaceAt } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import type { ShownPolicy } from "./show-policy.ts";

/** What a policy is made of; names and texts have passed the request schema. */
export interface PolicyDraft {
  readonly name: string;
  readonly operationType: PolicyType;
  readonly enabled: boolean;
  readonly operationDefinition: OperationDefinition;
  readonly patterns: readonly string[];
}

/** @throws Fault 9900 (definition, patterns), 6001 (32 of this type exist) */
export async function createPolicy(s: Services, caller: Caller, draft: PolicyDraft): Promise<ShownPolicy> {
  parsePatterns(draft.patterns);
  checkDefinition(draft.operationType, draft.operationDefinition);
  const { patterns, ...fields } = draft;
  const now = s.now();
  const policy: Policy = {
    schema: 1,
    ...fields,
    id: s.newId(),
    projectId: caller.projectId,
    trigger: { id: s.newId(), patterns: [...patterns], startTime: now, since: now },
    createdAt: now,
    updatedAt: now,
  };
  await withFreshState(() => record(s, policy));
  return { policy, links: [] };
}

/** The gate is written under the version read before counting: of two creations at the limit one counts the other. */
async function record(s: Services, policy: Policy): Promise<void> {
  const { projectId, operationType } = policy;
  const key = policyGateKey(projectId, operationType);
  const item = await s.records.get(key, { consistent: true });
  const all = await listPolicyRows(s.records, projectId, operationType);
  if (all.length >= MAX_POLICIES)
    fault("6001", `the project has ${all.length} ${operationType} policies; ${MAX_POLICIES} is the limit`);
  const gate: PolicyGate = { schema: 1 };
  await s.records.transact([
    item === undefined ? insertAt({ key }, gate) : replaceAt({ key }, parseItem(PolicyGate, item)),
    insert(policies, policy),
  ]);
}
