/** Carries out what the rule in force says about one resource's backups: a plan first, then ordinary deletions (RET-20, RET-24). */
import { Fault } from "../../domain/fault.ts";
import type { Decision } from "../../domain/retention.ts";
import { holdOfPlan } from "../../domain/retention-guard.ts";
import { reasonText } from "../../domain/retention-reasons.ts";
import { startDeletion } from "../delete/start-deletion.ts";
import type { Binding, Vault } from "../records/entities.ts";
import { heldPlanKey, vaultKey } from "../records/keys.ts";
import { load, vaults } from "../records/tables.ts";
import { type HeldPlan, heldPlans } from "../records/trash.ts";
import type { Services } from "../services.ts";
import { clockDoubt } from "../time/clock.ts";
import { loadBindings } from "../vaults/load-vault.ts";
import { dropHeldPlan, holdPlan, type Planned } from "./held-plan.ts";
import { planResource, type ResourcePlan } from "./plan-resource.ts";

/** Deletions that one look starts: each is a transaction and an execution, and the minute's work has to end within its minute. */
const AT_ONCE = 50;

export interface Look {
  readonly vaultId: string;
  readonly resourceId: string;
  /** The count is for a backup that completes (RET-50); a date that comes is for dates (RET-21), one that fails for failed ones. */
  readonly what: "all" | "dates" | "failed";
  /** A backup that has just ended: the index may not know it yet. */
  readonly ended?: string;
}

export interface Looked {
  readonly started: number;
  /** More is to be deleted, at the next look. */
  readonly more: boolean;
}

const NOTHING: Looked = { started: 0, more: false };

type Deleted = Extract<Decision, { readonly keep: false }>;

const isMeant = ({ reason: { kind } }: Deleted, what: Look["what"]): boolean =>
  what === "all" || (what === "dates" ? kind === "expired" : kind === "failed-many" || kind === "failed-old");

/** Idempotent: what is being deleted already is no part of the next plan. */
export async function evaluateResource(s: Services, look: Look): Promise<Looked> {
  const vault = await load(s.records, vaults, vaultKey(look.vaultId));
  // What is done with a vault that is in error, or frozen, is a person's decision.
  if (vault?.status !== "available") return NOTHING;
  const bound = await loadBindings(s.records, vault.id);
  const binding = bound.find(({ resourceId }) => resourceId === look.resourceId);
  // Half of a disk is old: until a restore has finished, the good backups are all that there is (hazard A11).
  if (binding === undefined || binding.status === "removing" || binding.restoreIncomplete) return NOTHING;

  const also = look.ended === undefined ? [] : [look.ended];
  const plan = await planResource(s, vault, binding, { also });
  const deletions = plan.decisions.filter((d): d is Deleted => !d.keep && isMeant(d, look.what)).toReversed();
  const held = await load(s.records, heldPlans, heldPlanKey(vault.projectId, binding.resourceId));
  if (deletions.length === 0) {
    // What a person was asked about has gone another way, or the rule has changed.
    if (held !== undefined && look.what === "all") await dropHeldPlan(s, held);
    return NOTHING;
  }
  const { allowed, confirmed } = await mayGo(s, { vault, bound, binding, plan, deletions, held });
  const now = allowed.slice(0, AT_ONCE);
  let started = 0;
  for (const deletion of now) if (await remove(s, vault, plan, deletion)) started++;
  if (started > 0)
    s.log({ level: "info", text: "retention deletes", vault: vault.id, resource: look.resourceId, started });
  const later = allowed.length > now.length;
  // What was confirmed is on its way; what has come to the plan since is looked at by itself.
  if (confirmed && !later && held !== undefined) await dropHeldPlan(s, held);
  return { started, more: later || (confirmed && deletions.length > allowed.length) };
}

interface Asked {
  readonly vault: Vault;
  readonly bound: readonly Binding[];
  readonly binding: Binding;
  readonly plan: ResourcePlan;
  /** Oldest first. */
  readonly deletions: readonly Deleted[];
  readonly held: HeldPlan | undefined;
}

interface Allowed {
  readonly allowed: readonly Deleted[];
  /** By a person. */
  readonly confirmed: boolean;
}

/** The deletions that need no person, or that one has confirmed; the others are held. */
async function mayGo(s: Services, asked: Asked): Promise<Allowed> {
  const { vault, bound, binding, plan, deletions, held } = asked;
  // A confirmation is for what was shown, and for nothing that came to the plan since.
  const confirmed = new Set(held?.confirmedBy === undefined ? [] : held.deletions.map(({ id }) => id));
  const agreed = deletions.filter(({ id }) => confirmed.has(id));
  if (agreed.length > 0) return { allowed: agreed, confirmed: true };
  const good = deletions.filter(({ id }) => plan.backups.get(id)?.status === "available");
  const doubt = await clockDoubt(s, vault.projectId);
  const hold = holdOfPlan(
    {
      deletions: good.length,
      byDate: good.filter(({ reason }) => reason.kind === "expired").length,
      inVault: bound.reduce((sum, b) => sum + b.backups, 0),
      ofResource: plan.backups.size,
    },
    doubt,
  );
  if (hold === undefined) return { allowed: deletions, confirmed: false };
  const planned = deletions.map(({ id, reason }): Planned => {
    const { name = "", createdAt = 0 } = plan.backups.get(id) ?? {};
    return { id, name, createdAt, reason: reasonText(reason) };
  });
  await holdPlan(s, binding, planned, { hold, ...(hold.kind === "clock" && { jumpTo: doubt?.to }) });
  // Failed backups hold nothing that could be lost.
  const failed = deletions.filter(({ id }) => plan.backups.get(id)?.status === "error");
  return { allowed: failed, confirmed: false };
}

/** One deletion of the plan. @returns whether it was started: what is busy, or has changed, is met again at the next look */
async function remove(s: Services, vault: Vault, plan: ResourcePlan, { id, reason }: Deleted): Promise<boolean> {
  try {
    await startDeletion(s, {
      projectId: vault.projectId,
      requestId: `retention-${s.newId()}`,
      backupId: id,
      told: { by: "retention", reason: reasonText(reason) },
      restsOn: plan.lastGood,
    });
    return true;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    s.log({ level: "info", text: "retention leaves a backup for later", backup: id, why: error.message });
    return false;
  }
}
