/** Which resources of a vault take part in a run, and why the others cannot (BKP-05..07). */
import { fault } from "../../domain/fault.ts";
import type { FaultCode } from "../../domain/fault-codes.ts";
import { obstacle } from "../../domain/obstacle.ts";
import type { Resource } from "../../ports/resource-provider.ts";
import { inBatches } from "../in-batches.ts";
import type { Binding, ExtraInfo } from "../records/entities.ts";
import { frozenResources } from "../records/frozen-resources.ts";
import type { Versioned } from "../records/record.ts";
import type { Services } from "../services.ts";
import { findBound } from "./bound-resource.ts";
import { chooseDisks } from "./choose-disks.ts";

const LOOKUPS_AT_ONCE = 8;

/** Absent = every resource of the vault. */
type AskedResources = readonly { readonly id: string; readonly extraInfo?: ExtraInfo }[] | undefined;

export interface Chosen {
  readonly binding: Versioned<Binding>;
  readonly resource: Resource;
  readonly extraInfo: ExtraInfo | undefined;
}
type Unfit = { readonly binding: Binding; readonly code: FaultCode; readonly why: string };

/** The bindings that the request names, in its order; all of the vault when it names none. */
function select(asked: AskedResources, bound: readonly Versioned<Binding>[]) {
  if (asked === undefined) return bound.map((binding) => ({ binding, extraInfo: undefined }));
  const byId = new Map(bound.map((b) => [b.resourceId, b]));
  const seen = new Set<string>();
  return asked.map(({ id, extraInfo }) => {
    if (seen.has(id)) fault("6104", `resource ${id} is named twice`);
    seen.add(id);
    return { binding: byId.get(id) ?? fault("6135", `resource ${id} is not in this vault`), extraInfo };
  });
}

/**
 * Those that can be backed up now, in the order of the request, and those that cannot (BKP-05..07, VLT-22). An automatic run leaves
 * out those that are suspended as well (VLT-31).
 * @throws Fault 6135, 6104; when none can, their common code or 0001
 */
export async function chooseMembers(
  s: Services,
  resources: AskedResources,
  bound: readonly Versioned<Binding>[],
  autoTrigger: boolean,
): Promise<{ readonly chosen: readonly Chosen[]; readonly unfit: readonly Unfit[] }> {
  const asked = select(resources, bound);
  const chosen: Chosen[] = [];
  const unfit: Unfit[] = [];
  // Each look may ask the operating system who has an image open.
  const frozen = new Set((await frozenResources(s.records)).map(({ resourceId }) => resourceId));
  const found = await inBatches(asked, LOOKUPS_AT_ONCE, ({ binding }) => findBound(s, binding));
  for (const [i, { binding, extraInfo }] of asked.entries()) {
    const resource = found[i];
    const verdict = fitness({ binding, extraInfo, autoTrigger, frozen }, resource);
    if ("resource" in verdict) chosen.push({ binding, extraInfo, resource: verdict.resource });
    else unfit.push({ binding, ...verdict });
  }
  return chosen.length > 0 ? { chosen, unfit } : refuseAll(unfit);
}

/** Why a resource in this state in its vault cannot be backed up, if it cannot. */
export function unfitBinding(binding: Binding, autoTrigger: boolean): Omit<Unfit, "binding"> | undefined {
  if (autoTrigger && binding.suspended === true)
    return { code: "0001", why: "its automatic backup is suspended; unsuspend it, or back it up manually" };
  const busy = obstacle(autoTrigger ? "scheduled" : "backup", { resources: [binding.status] });
  if (busy !== undefined) return { code: busy.code, why: busy.why };
  if (!binding.restoreIncomplete) return undefined;
  return { code: "6215", why: "a restore to the resource did not finish; restore it again before it is backed up" };
}

interface Candidate {
  readonly binding: Binding;
  readonly extraInfo: ExtraInfo | undefined;
  readonly autoTrigger: boolean;
  /** Ids of servers and disks. */
  readonly frozen: ReadonlySet<string>;
}

/** BKP-05..07, VLT-22: the resource when it can be backed up now, else why not. */
function fitness(
  { binding, extraInfo, autoTrigger, frozen }: Candidate,
  resource: Resource | undefined,
): { readonly resource: Resource } | Omit<Unfit, "binding"> {
  const unfit = unfitBinding(binding, autoTrigger);
  if (unfit !== undefined) return unfit;
  if (resource === undefined) {
    const server = binding.resourceType === "OS::Nova::Server";
    return { code: server ? "7100" : "7000", why: `the ${server ? "server" : "disk"} no longer exists` };
  }
  if (resource.kind === "server" && resource.status === "ERROR")
    return { code: "7101", why: resource.reason ?? "the server is in error" };
  if (resource.kind === "disk" && resource.status === "error")
    return { code: "7003", why: resource.reason ?? "the disk is in error" };
  const disks = chooseDisks(resource, extraInfo ?? binding.extraInfo);
  if (disks.length === 0) return { code: "7108", why: "no disk of the server is left to back up" };
  const stopped = [resource, ...disks].find(({ id }) => frozen.has(id));
  if (stopped !== undefined)
    return {
      code: resource.kind === "disk" ? "7003" : "7101",
      why: `${stopped.kind} ${stopped.id} is frozen: no run backs it up until an operator lets it go on`,
    };
  // A source that can only promise quiescence has no snapshot: while somebody else has it open it cannot be captured.
  const open = disks.find((d) => d.status === "in-use" && d.promise === "quiescent");
  if (open !== undefined)
    return { code: resource.kind === "disk" ? "7003" : "7101", why: open.reason ?? `disk ${open.name} is in use` };
  return { resource };
}

function refuseAll(unfit: readonly Unfit[]): never {
  const codes = new Set(unfit.map((u) => u.code));
  const [only] = unfit;
  if (only === undefined) return fault("0001", "the vault has no resource to back up");
  const why = unfit
    .slice(0, 5)
    .map((u) => `${u.binding.resourceId}: ${u.why}`)
    .join("; ");
  return fault(codes.size === 1 ? only.code : "0001", `no resource can be backed up now: ${why}`);
}
