/** POST addresources: binds more resources, or replaces the choice of disks of those that are bound here (VLT-25). */
import { fault } from "../../domain/fault.ts";
import { refuseObstacle } from "../../domain/obstacle.ts";
import type { ObjectType } from "../../domain/resource-types.ts";
import { checkResourceCount, MAX_RESOURCES } from "../../domain/vault-rules.ts";
import type { Write } from "../../ports/record-store.ts";
import type { Binding } from "../records/entities.ts";
import type { Versioned } from "../records/record.ts";
import { bindings, insert, replace, vaults } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { bindBySaga, fitsOneTransaction } from "./bind.ts";
import { claimWrites } from "./claims.ts";
import { type BindingPlan, newBinding, planBindings, type ResourceAsk } from "./plan-bindings.ts";
import { releases, showVault, type VaultWithBindings } from "./show-vault.ts";

/**
 * Binds all of them or none.
 * @returns the ids, in the order of the request
 * @throws Fault 6105, 6112, 6108, 6100, 6102, 6103, 6104, 6134, 6137, 7000, 7003, 7100, 7101, 7108, 9900 …
 */
export async function addResources(
  s: Services,
  caller: Caller,
  vaultId: string,
  asks: readonly ResourceAsk[],
): Promise<readonly string[]> {
  checkResourceCount(asks.length, MAX_RESOURCES);
  const { vault, bindings: bound } = await checked(s, caller, vaultId, []);
  const plans = await planBindings(s, vault.billing.objectType as ObjectType, asks, bound);
  const claimant = { projectId: caller.projectId, vaultId, saga: s.newId() };
  const here = new Map(bound.map((b) => [b.resourceId, b]));
  const wanted = plans.map((plan) => ({ plan, update: here.has(plan.resourceId) }));
  const lost = plans.reduce((sum, plan) => sum + lostDisks(here.get(plan.resourceId), plan).length, 0);
  if (fitsOneTransaction(wanted, lost))
    await withFreshState(() => bindAtOnce(s, caller, vaultId, claimant.saga, plans));
  else {
    await checked(s, caller, vaultId, plans);
    await bindBySaga(s, claimant, "add", wanted, async () => {
      const fresh = await checked(s, caller, vaultId, plans);
      const left = wanted.find(
        ({ plan, update }) => update && !fresh.bindings.some((b) => b.resourceId === plan.resourceId),
      );
      if (left !== undefined) fault("6134", `resource ${left.plan.resourceId} left the vault meanwhile; ask again`);
      // The gate: a deletion or a removal that started meanwhile makes the commit begin again, and then refuse.
      return [replace(vaults, fresh.vault)];
    });
    // Committed. Moving the rows to their places is what every reader of the vault does as well.
    await showVault(s, caller.projectId, vaultId);
  }
  return asks.map(({ id }) => id);
}

/** The vault as it is now, fit to take these resources. */
async function checked(
  s: Services,
  caller: Caller,
  vaultId: string,
  plans: readonly BindingPlan[],
): Promise<VaultWithBindings> {
  const found = await showVault(s, caller.projectId, vaultId);
  refuseObstacle("bind", { vault: found.vault.status });
  if (found.vault.billing.protectType === "replication") fault("6108", "a replication vault takes no resources");
  const ids = new Set([...found.bindings, ...plans].map((one) => one.resourceId));
  checkResourceCount(ids.size, MAX_RESOURCES);
  for (const { resourceId } of plans) {
    const bound = found.bindings.find((b) => b.resourceId === resourceId);
    if (bound !== undefined) refuseObstacle("bind", { resources: [bound.status] }, `resource ${resourceId}`);
  }
  return found;
}

async function bindAtOnce(
  s: Services,
  caller: Caller,
  vaultId: string,
  saga: string,
  plans: readonly BindingPlan[],
): Promise<void> {
  const { vault, bindings: bound } = await checked(s, caller, vaultId, plans);
  const claims = await claimWrites(s, { projectId: caller.projectId, vaultId, saga }, plans);
  const byId = new Map(bound.map((b) => [b.resourceId, b]));
  const rows: Write[] = [];
  for (const plan of plans) {
    const current = byId.get(plan.resourceId);
    if (current === undefined) rows.push(insert(bindings, newBinding(plan, vaultId, caller.projectId, s.now())));
    else rows.push(...(await changed(s, current, plan)));
  }
  // The vault goes with it under the version read: a deletion that starts meanwhile makes this begin again.
  await s.records.transact([replace(vaults, vault), ...rows, ...claims.flat()]);
}

async function changed(s: Services, current: Versioned<Binding>, plan: BindingPlan): Promise<Write[]> {
  const { name, size, extraInfo, disks } = plan;
  return [
    replace(bindings, { ...current, name, size, extraInfo, claimedDisks: [...disks, ...inPlaceOf(current)] }),
    ...(await releases(s, current, lostDisks(current, plan))),
  ];
}

/** Disks that a restore put in place: claimed beside the ids that clients know. */
const inPlaceOf = (current: Binding | undefined): string[] => Object.values(current?.replaced ?? {});

/** Disks that left the server since it was bound. */
const lostDisks = (current: Binding | undefined, { disks }: BindingPlan): string[] =>
  (current?.claimedDisks ?? []).filter((id) => !disks.includes(id) && !inPlaceOf(current).includes(id));
