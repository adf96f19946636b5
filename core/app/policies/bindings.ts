/** Which writes apply a policy to a vault, and which release the vault from it. */
import { nextPoint, scheduleOf } from "../../domain/schedule.ts";
import type { Instant } from "../../domain/values.ts";
import type { Write } from "../../ports/record-store.ts";
import type { Vault } from "../records/entities.ts";
import { vaultKey } from "../records/keys.ts";
import { loadLink, loadPolicyRow, type Policy, type PolicyLink, policies, policyLinks } from "../records/policies.ts";
import type { Versioned } from "../records/record.ts";
import { insert, load, remove, replace, vaults } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { RecordServices } from "../services.ts";
import { aboutRun, knows, promise, saidFor, saysNow, takeBack } from "./points.ts";

type NamedVault = Pick<Vault, "id" | "name">;

/** The first point after an instant that the policy makes for a vault; none while it is disabled (SCH-09). */
export const pointAfter = (policy: Policy, after: Instant): Instant | undefined => {
  const { texts, anchor } = saysNow(policy);
  return policy.enabled && policy.deleted !== true ? nextPoint(scheduleOf(texts, anchor), after) : undefined;
};

/** The policy is as it was read: who applies one that is being deleted or changed begins again. */
export const policyStands = (policy: Versioned<Policy>): Write => ({
  op: "check",
  key: policies.place(policy).key,
  if: { v: policy.v },
});

/** Applies the policy: its link, and the first point that is promised. The vault's own item names it, and is the caller's. */
export async function applying(
  s: RecordServices,
  policy: Versioned<Policy>,
  vault: NamedVault,
  destinationVaultId: string | undefined,
): Promise<readonly Write[]> {
  const now = s.now();
  const next = pointAfter(policy, now);
  const link: PolicyLink = {
    schema: 1,
    policyId: policy.id,
    projectId: policy.projectId,
    operationType: policy.operationType,
    vaultId: vault.id,
    ...(destinationVaultId !== undefined && { destinationVaultId }),
    boundAt: now,
    since: policy.trigger.since,
    accounted: now,
    ...(next !== undefined && { next }),
  };
  const promised = next === undefined ? [] : await promise(s, aboutRun(policy, vault), next);
  return [policyStands(policy), insert(policyLinks, link), ...promised];
}

/** Releases a vault from a policy; what runs goes on (SCH-22). The vault's own item is the caller's. */
export async function releasing(s: RecordServices, link: Versioned<PolicyLink>): Promise<readonly Write[]> {
  const policy = await loadPolicyRow(s.records, link);
  const reason = "the policy was removed from the vault before the run started";
  return [remove(policyLinks, link), ...(await takeBack(s, link, saidFor(link, policy), s.now(), reason))];
}

/** The writes that release a vault from whatever is applied to it, for its deletion (VLT-09). */
export async function releasingAll(s: RecordServices, vault: Vault): Promise<readonly Write[]> {
  const ids = Object.values(vault.policies ?? {}).filter((id) => id !== undefined);
  const links = await Promise.all(ids.map((id) => loadLink(s.records, id, vault.id)));
  const writes = await Promise.all(links.filter((link) => link !== undefined).map((link) => releasing(s, link)));
  return writes.flat();
}

/** The vault without the policy, if it names it. */
export function without(vault: Vault, policyId: string): Vault {
  const kept = Object.entries(vault.policies ?? {}).filter(([, id]) => id !== policyId);
  const { policies: _, ...rest } = vault;
  return kept.length === 0 ? rest : { ...rest, policies: Object.fromEntries(kept) };
}

/**
 * Makes one vault know what its policy says now: another next point, none, or, when the policy is gone, no policy at all.
 * Loses to whoever changes link, vault or policy meanwhile and looks again.
 */
export const settleLink = (s: RecordServices, policyId: string, vaultId: string): Promise<void> =>
  withFreshState(async () => {
    const link = await loadLink(s.records, policyId, vaultId);
    if (link === undefined) return;
    const policy = await loadPolicyRow(s.records, link);
    const vault = await load(s.records, vaults, vaultKey(vaultId));
    if (policy === undefined || policy.deleted === true || vault === undefined) {
      const changed = vault && { ...without(vault, policyId), v: vault.v };
      await s.records.transact([...(await releasing(s, link)), ...(changed ? [replace(vaults, changed)] : [])]);
      return;
    }
    if (knows(link, policy)) return;
    const { since } = policy.trigger;
    const accounted = Math.max(link.accounted, since);
    const next = pointAfter(policy, accounted);
    const { next: promised, ...rest } = link;
    const changed = { ...rest, since, accounted, ...(next !== undefined && { next }) };
    // A policy that changes meanwhile tells this link again, after it.
    const writes: Write[] = [replace(policyLinks, changed)];
    if (next !== promised) {
      const reason = "the policy was changed or disabled before the run started";
      writes.push(...(await takeBack(s, link, saidFor(link, policy), since, reason)));
      if (next !== undefined) writes.push(...(await promise(s, aboutRun(policy, vault), next)));
    }
    await s.records.transact(writes);
  });
