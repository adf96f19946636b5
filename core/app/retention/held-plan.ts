/** Plans that wait for a person: kept with all that they would delete and why, until somebody confirms exactly that. */
import { createHash } from "node:crypto";
import { fault } from "../../domain/fault.ts";
import type { PlanHold } from "../../domain/retention-guard.ts";
import { TransactionRefused } from "../../ports/record-store.ts";
import type { Binding } from "../records/entities.ts";
import { bindingKey, clockWordKey, HELD_PLANS, heldPlanKey } from "../records/keys.ts";
import type { Versioned } from "../records/record.ts";
import { bindings, insert, listAll, load, remove, replace } from "../records/tables.ts";
import { clockWords, HeldPlan, heldPlans } from "../records/trash.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { tell } from "../tell.ts";
import { dueRetention } from "./due-retention.ts";

/** What a row names: an item stays far below DynamoDB's 400 KB. What is beyond waits for its own confirmation. */
const NAMED = 1_000;

export type Planned = HeldPlan["deletions"][number];

/** Notes the plan, in place of an older one that nobody has confirmed, and tells people when it is news. `deletions`: oldest first. */
export async function holdPlan(
  s: Services,
  { projectId, vaultId, resourceId, name }: Binding,
  deletions: readonly Planned[],
  { hold, jumpTo }: { readonly hold: PlanHold; readonly jumpTo?: number | undefined },
): Promise<void> {
  const plan: HeldPlan = {
    schema: 1,
    projectId,
    vaultId,
    resourceId,
    resourceName: name,
    hold,
    deletions: deletions.slice(0, NAMED),
    total: deletions.length,
    at: s.now(),
    ...(jumpTo !== undefined && { jumpTo }),
  };
  const before = await withFreshState(async () => {
    const held = await load(s.records, heldPlans, heldPlanKey(projectId, resourceId));
    // Loses to a confirmation of the older plan, which then no longer covers this one.
    await s.records.write(held === undefined ? insert(heldPlans, plan) : replace(heldPlans, { ...plan, v: held.v }));
    return held;
  });
  if (before !== undefined && planIdOf(before) === planIdOf(plan)) return;
  await tell(s, {
    severity: "warning",
    topic: "retention.held",
    projectId,
    message: `${plan.total} backups of ${name} are not deleted until a person confirms it: ${hold.why}`,
    facts: { resource_id: resourceId, vault_id: vaultId, backups: plan.total },
  });
}

/** Nothing is left of the plan. Loses to whoever noted another one meanwhile. */
export async function dropHeldPlan(s: Services, held: Versioned<HeldPlan>): Promise<void> {
  try {
    await s.records.transact([remove(heldPlans, held)]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
  }
}

/** All plans of a project that wait, one a resource. Those of resources that have left their vault go: nothing is left to delete. */
export async function listHeldPlans(s: Services, projectId: string): Promise<readonly HeldPlan[]> {
  const waiting: HeldPlan[] = [];
  for (const held of await listAll(s.records, HeldPlan, heldPlanKey(projectId, "").pk, HELD_PLANS)) {
    const bound = await load(s.records, bindings, bindingKey(held.vaultId, held.resourceId));
    if (bound === undefined) await dropHeldPlan(s, held);
    else waiting.push(held);
  }
  return waiting;
}

/**
 * Which plan is it? Follows from what it would delete and why, and from what its confirmation would say of the clock: as long as that
 * stays, however often it is looked at, so does the id. Not from `hold.why`, which counts what else the vault holds.
 */
export const planIdOf = ({ vaultId, resourceId, deletions, total, hold, jumpTo }: HeldPlan): string =>
  createHash("sha256")
    .update(
      JSON.stringify([
        vaultId,
        resourceId,
        total,
        hold.kind,
        jumpTo ?? 0,
        deletions.map(({ id, reason }) => [id, reason]),
      ]),
    )
    .digest("hex")
    .slice(0, 16);

/**
 * A person has looked at the plan: what it names is deleted within a minute, unless the rule no longer says so by then. When the
 * clock was in doubt, it is right from now on for this project.
 * @param planId of the plan that the person has looked at; undefined = whichever waits
 * @throws Fault 6302 when no such plan waits
 */
export const confirmHeldPlan = (s: Services, caller: Caller, resourceId: string, planId?: string): Promise<HeldPlan> =>
  withFreshState(async () => {
    const held = await load(s.records, heldPlans, heldPlanKey(caller.projectId, resourceId));
    if (held === undefined)
      return fault("6302", `no retention plan of resource ${resourceId} waits for a confirmation`);
    if (planId !== undefined && planId !== planIdOf(held))
      return fault(
        "6302",
        `plan ${planId} of resource ${resourceId} waits no more: ${planIdOf(held)} does; look at that one first`,
      );
    const word = await load(s.records, clockWords, clockWordKey(caller.projectId));
    const told =
      held.jumpTo === undefined ? undefined : { schema: 1 as const, projectId: caller.projectId, to: held.jumpTo };
    const confirmed = { ...held, confirmedBy: caller.userId };
    // Loses to a new plan for the resource: nobody has looked at that one.
    await s.records.transact([
      replace(heldPlans, confirmed),
      ...(told === undefined
        ? []
        : [word === undefined ? insert(clockWords, told) : replace(clockWords, { ...told, v: word.v })]),
      dueRetention(s.now(), s.newId(), { vaultId: held.vaultId, resourceId }),
    ]);
    return confirmed;
  });
