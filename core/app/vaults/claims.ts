/** Who holds a resource or disk id: one claim each in a project, so that nothing is ever in two vaults (CON-04). */
import { fault } from "../../domain/fault.ts";
import type { Write } from "../../ports/record-store.ts";
import type { Claim } from "../records/entities.ts";
import { claimKey, vaultKey } from "../records/keys.ts";
import { insertAt, load, replaceAt, vaults } from "../records/tables.ts";
import type { RecordServices } from "../services.ts";
import type { BindingPlan } from "./plan-bindings.ts";
import { abortSaga, isStale, loadClaims, loadSaga } from "./sagas.ts";

/** `bound`: the vault holds it. `pending`: another request is binding it. `free`: left behind by a vault or saga that is gone. */
export type Holding = "bound" | "pending" | "free";

/** Judges claims; remembers what it looked up, so it lives for one decision. */
export class ClaimJudge {
  readonly #s: RecordServices;
  readonly #projectId: string;
  readonly #sagas = new Map<string, Promise<Holding | undefined>>();
  readonly #vaults = new Map<string, Promise<boolean>>();
  /** Sagas of dead processes that it met: their claims read as free and vanish when the saga is undone. */
  readonly stale = new Set<string>();

  constructor(s: RecordServices, projectId: string) {
    this.#s = s;
    this.#projectId = projectId;
  }

  async judge(claim: Claim): Promise<Holding> {
    // The saga first: a saga that commits between the two reads is then seen as pending, never as "vault missing".
    const held = await remembered(this.#sagas, claim.saga, () => this.#bySaga(claim.saga));
    if (held !== undefined) return held;
    const vault = await remembered(this.#vaults, claim.vaultId, () => this.#vaultExists(claim.vaultId));
    return vault ? "bound" : "free";
  }

  async #bySaga(id: string): Promise<Holding | undefined> {
    const saga = await loadSaga(this.#s, this.#projectId, id);
    if (saga === undefined) return undefined;
    if (!isStale(saga, this.#s.now())) return "pending";
    this.stale.add(id);
    return "free";
  }

  async #vaultExists(id: string): Promise<boolean> {
    return (await load(this.#s.records, vaults, vaultKey(id))) !== undefined;
  }
}

function remembered<T>(memory: Map<string, Promise<T>>, id: string, look: () => Promise<T>): Promise<T> {
  const known = memory.get(id);
  if (known !== undefined) return known;
  const asked = look();
  memory.set(id, asked);
  return asked;
}

/** Who claims: the vault, and the saga or single transaction that the claims are stamped with. */
export interface Claimant {
  readonly projectId: string;
  readonly vaultId: string;
  readonly saga: string;
}

/** The ids that a bound resource is claimed under: its own and its disks'. */
const claimedIds = (plan: { readonly resourceId: string; readonly disks: readonly string[] }): string[] => [
  plan.resourceId,
  ...plan.disks,
];

/**
 * The writes that claim each plan's ids, per plan; none for what the vault holds through the same resource already. They
 * lose to whoever claims at the same time, and are then decided again.
 * @throws Fault 6103 (in another vault, or being bound), 6137 (the same disk directly and through a server)
 */
export async function claimWrites(
  s: RecordServices,
  claimant: Claimant,
  plans: readonly BindingPlan[],
): Promise<readonly (readonly Write[])[]> {
  const first = await decide(s, claimant, plans);
  if (first.stale.size === 0) return first.writes;
  // The rows of a dead process go with its claims; what stands then is decided on afresh.
  for (const id of first.stale) await abortSaga(s, claimant.projectId, id);
  return (await decide(s, claimant, plans)).writes;
}

async function decide(s: RecordServices, claimant: Claimant, plans: readonly BindingPlan[]) {
  const standing = await loadClaims(s.records, claimant.projectId, plans.flatMap(claimedIds));
  const judge = new ClaimJudge(s, claimant.projectId);
  const writes: Write[][] = [];
  for (const plan of plans) {
    const claim: Claim = {
      schema: 1,
      vaultId: claimant.vaultId,
      via: plan.resourceId,
      saga: claimant.saga,
      madeAt: s.now(),
    };
    const own: Write[] = [];
    for (const id of claimedIds(plan)) {
      const key = claimKey(claimant.projectId, id);
      const current = standing.get(id);
      const holding = current && (await judge.judge(current));
      if (current === undefined) own.push(insertAt({ key }, claim));
      else if (holding === "free") own.push(replaceAt({ key }, { ...claim, v: current.v }));
      else if (holding === "pending") fault("6103", `resource ${id} is being bound by another request`);
      else if (current.vaultId !== claimant.vaultId || current.via !== plan.resourceId)
        refuse(id, plan.resourceId, current);
    }
    writes.push(own);
  }
  return { writes, stale: judge.stale };
}

function refuse(id: string, wantedBy: string, claim: Claim): never {
  if (claim.via === id && wantedBy === id) return fault("6103", `resource ${id} is already in vault ${claim.vaultId}`);
  if (claim.via === id)
    return fault("6137", `disk ${id} of server ${wantedBy} is itself in vault ${claim.vaultId}; remove it there first`);
  return fault("6137", `disk ${id} is already protected with ${claim.via} in vault ${claim.vaultId}`);
}
