/** Which resources a request wants in a vault, looked up and judged: what is bound, under which ids it is claimed. */
import { badField, fault } from "../../domain/fault.ts";
import { DISK, fits, missingCode, type ObjectType, SERVER } from "../../domain/resource-types.ts";
import type { Resource } from "../../ports/resource-provider.ts";
import { findBound } from "../backup/bound-resource.ts";
import { chooseDisks } from "../backup/choose-disks.ts";
import { inBatches } from "../in-batches.ts";
import type { Binding, ExtraInfo } from "../records/entities.ts";
import type { Services } from "../services.ts";
import { unfitToBind } from "./fit-to-bind.ts";

/** A resource as a request names it. */
export interface ResourceAsk {
  readonly id: string;
  readonly type: string;
  readonly name?: string | undefined;
  readonly extraInfo: ExtraInfo;
}

/** A resource that may be bound. */
export interface BindingPlan {
  readonly resourceId: string;
  readonly resourceType: string;
  readonly name: string;
  /** Bytes of all its disks. */
  readonly size: number;
  readonly extraInfo: ExtraInfo;
  /** Disks claimed with it: a server's. */
  readonly disks: readonly string[];
}

/** Look-ups at once: each may ask the operating system who has an image open. */
const LOOKUPS_AT_ONCE = 8;

/**
 * Looks up and judges every resource, in the order of the request (VLT-20, VLT-23, VLT-24). `bound`: what the vault holds already;
 * its disks go by the ids that clients know, also after a restore replaced them.
 * @throws Fault 6104, 6102, 7000, 7100, 7500, 7600, 6302, 7003, 7101, 7107, 7108, 6137, 9900
 */
export async function planBindings(
  s: Services,
  objectType: ObjectType,
  asks: readonly ResourceAsk[],
  bound: readonly Binding[] = [],
): Promise<readonly BindingPlan[]> {
  const seen = new Set<string>();
  for (const { id, type } of asks) {
    if (seen.has(id)) fault("6104", `resource ${id} is named twice`);
    seen.add(id);
    if (!fits(objectType, type))
      fault("6102", `resource ${id} has the type ${type}, which a ${objectType} vault does not take`);
  }
  const here = new Map(bound.map((binding) => [binding.resourceId, binding]));
  const found = await inBatches(asks, LOOKUPS_AT_ONCE, ({ id }) => {
    const binding = here.get(id);
    return binding === undefined ? s.resources.find(id) : findBound(s, binding);
  });
  const plans = asks.map((ask, n) => judged(ask, found[n]));
  refuseDoubleReach(plans);
  return plans;
}

function judged(ask: ResourceAsk, found: Resource | undefined): BindingPlan {
  const kind = found?.kind === "server" ? SERVER : DISK;
  if (found === undefined || kind !== ask.type)
    return fault(missingCode(ask.type), `resource ${ask.id} (${ask.type}) does not exist`);
  const unfit = unfitToBind(found);
  if (unfit !== undefined) fault(unfit.code, unfit.reason);
  refuseChoice(found, ask.extraInfo);
  const disks = found.kind === "server" ? found.disks : [];
  return {
    resourceId: ask.id,
    resourceType: ask.type,
    name: ask.name ?? found.name,
    size: found.kind === "server" ? disks.reduce((sum, d) => sum + d.size, 0) : found.size,
    extraInfo: ask.extraInfo,
    disks: disks.map((d) => d.id),
  };
}

/** At least one disk must stay in the backup (VLT-24). */
function refuseChoice(found: Resource, extraInfo: ExtraInfo): void {
  if (chooseDisks(found, extraInfo).length === 0)
    badField(
      "resources[].extra_info",
      `exclude_volumes and include_volumes leave no disk of server ${found.id} to back up; at least one must stay`,
    );
  const chosen = (extraInfo.exclude_volumes?.length ?? 0) + (extraInfo.include_volumes?.length ?? 0);
  if (found.kind === "disk" && chosen > 0)
    badField("resources[].extra_info", `${found.id} is a disk; volumes are chosen for servers only`);
}

/** One disk through two servers of the same request would be bound twice (CON-04). */
function refuseDoubleReach(plans: readonly BindingPlan[]): void {
  const owner = new Map<string, string>();
  for (const { resourceId, disks } of plans)
    for (const id of disks) {
      const other = owner.get(id);
      if (other !== undefined) fault("6137", `disk ${id} belongs to both ${other} and ${resourceId}`);
      owner.set(id, resourceId);
    }
}

/** A new binding as planned, with no backup yet. `now`: the instant of binding. */
export const newBinding = (plan: BindingPlan, vaultId: string, projectId: string, now: number): Binding => ({
  schema: 1,
  vaultId,
  projectId,
  resourceId: plan.resourceId,
  resourceType: plan.resourceType,
  name: plan.name,
  size: plan.size,
  extraInfo: plan.extraInfo,
  claimedDisks: [...plan.disks],
  status: "available",
  fence: 0,
  restoreIncomplete: false,
  used: 0,
  backups: 0,
  baselines: {},
  boundAt: now,
});
