/** PUT and DELETE policies/{id}: changes what a policy says, or that there is one, for every vault that it is applied to. */
import { fault } from "../../domain/fault.ts";
import { parsePatterns } from "../../domain/pattern.ts";
import { checkDefinition, type OperationDefinition } from "../../domain/policy.ts";
import { linksOf, type Policy, policies } from "../records/policies.ts";
import type { Versioned } from "../records/record.ts";
import { replace } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { settleNow, watchPolicy } from "./settle-policy.ts";
import { findPolicy, type ShownPolicy, withLinks } from "./show-policy.ts";

/** What is absent stays; a definition or a list of patterns replaces the whole of what was there (cbr-api 5.8). */
export interface PolicyChange {
  readonly name?: string | undefined;
  readonly enabled?: boolean | undefined;
  readonly operationDefinition?: OperationDefinition | undefined;
  readonly patterns?: readonly string[] | undefined;
}

/** @throws Fault 6000, 6003 (destination of a policy that is applied), 9900 */
export async function updatePolicy(
  s: Services,
  caller: Caller,
  policyId: string,
  change: PolicyChange,
): Promise<ShownPolicy> {
  if (change.patterns !== undefined) parsePatterns(change.patterns);
  const policy = await withFreshState(async () => {
    const policy = await findPolicy(s, caller.projectId, policyId);
    await checkChange(s, policy, change);
    const next = { ...changed(policy, change, s.now()), v: policy.v };
    if (next.trigger.since === policy.trigger.since) {
      // Loses to any other change of the policy since it was read, and is then decided again.
      await s.records.write(replace(policies, next));
    } else {
      // Vaults that do not know the last change yet account by it first: only one is remembered.
      await settleNow(s, policy);
      await s.records.transact([replace(policies, next), watchPolicy(next)]);
    }
    return next;
  });
  // A crash before or in this is mended by the tick.
  await settleNow(s, policy);
  return withLinks(s, policy);
}

/** From now on nobody sees the policy; its vaults are released, its backups stay (SCH-26). @throws Fault 6000 */
export async function deletePolicy(s: Services, caller: Caller, policyId: string): Promise<void> {
  const policy = await withFreshState(async () => {
    const policy = await findPolicy(s, caller.projectId, policyId);
    await settleNow(s, policy);
    const gone: Versioned<Policy> = { ...retimed(policy, {}, s.now()), deleted: true, v: policy.v };
    // Loses to any other change of the policy since it was read; whoever applies it to a vault loses to this.
    await s.records.transact([replace(policies, gone), watchPolicy(gone)]);
    return gone;
  });
  await settleNow(s, policy);
}

async function checkChange(s: Services, policy: Versioned<Policy>, change: PolicyChange): Promise<void> {
  const to = change.operationDefinition;
  if (to === undefined) return;
  checkDefinition(policy.operationType, to);
  const from = policy.operationDefinition;
  if (policy.operationType !== "replication") return;
  const moved =
    to.destinationRegion !== from.destinationRegion || to.destinationProjectId !== from.destinationProjectId;
  if (moved && (await linksOf(s.records, policy.id)).length > 0)
    fault("6003", "policy.operation_definition.destination_region: is fixed while the policy is applied to a vault");
}

/** Time is told anew only when the points change: a new rule of retention moves no run (SCH-12, SCH-28). */
function changed(policy: Policy, change: PolicyChange, now: number): Policy {
  const patterns = change.patterns ?? policy.trigger.patterns;
  const enabled = change.enabled ?? policy.enabled;
  const samePoints =
    enabled === policy.enabled &&
    patterns.length === policy.trigger.patterns.length &&
    patterns.every((text, i) => text === policy.trigger.patterns[i]);
  const next = {
    ...policy,
    name: change.name ?? policy.name,
    operationDefinition: change.operationDefinition ?? policy.operationDefinition,
    updatedAt: now,
  };
  return samePoints ? next : retimed(next, { patterns, enabled }, now);
}

/** Instants of changes grow, whatever the clock does: vaults know a change by its instant. */
function retimed(
  policy: Policy,
  to: { readonly patterns?: readonly string[]; readonly enabled?: boolean },
  now: number,
): Policy {
  const { trigger } = policy;
  return {
    ...policy,
    enabled: to.enabled ?? policy.enabled,
    trigger: {
      ...trigger,
      patterns: [...(to.patterns ?? trigger.patterns)],
      since: Math.max(now, trigger.since + 1),
      before: trigger.patterns,
    },
    updatedAt: now,
  };
}
