/** How the trash, a backup's fate, a rule's preview and a plan that waits look on the wire. */
import type { HeldPlan, Trashed } from "../../../core/app/records/trash.ts";
import { planIdOf } from "../../../core/app/retention/held-plan.ts";
import type { Preview } from "../../../core/app/retention/preview-rule.ts";
import type { Fate } from "../../../core/app/retention/show-fate.ts";
import { GIB, wireTime } from "../../../core/domain/values.ts";

const timeOrNull = (at: number | undefined) => (at === undefined ? null : wireTime(at));

/** GB with three decimals: what a rule frees is often less than one, and rounding up would promise it. */
const gb = (bytes: number): number => Math.floor((bytes / GIB) * 1000) / 1000;

/** A deleted backup that can come back. */
export const trashView = ({ backup, told, deletedAt, notBefore, returning }: Trashed): object => ({
  id: backup.id,
  name: backup.name,
  vault_id: backup.vaultId,
  checkpoint_id: backup.checkpointId,
  resource_id: backup.resourceId,
  resource_name: backup.resourceName,
  resource_type: backup.resourceType,
  created_at: wireTime(backup.createdAt),
  deleted_at: wireTime(deletedAt),
  deleted_by: told.by,
  reason: told.reason,
  purge_not_before: wireTime(notBefore),
  coming_back: returning !== undefined,
});

/** Times are null where none is known; `blocked_by` is why a backup stays although its time has come. */
export function fateView(fate: Fate): object {
  const about = { backup_id: fate.backupId, state: fate.state };
  const unknown = { expires_at: null, goes: null, blocked_by: null, policy_id: null, policy_name: null };
  switch (fate.state) {
    case "kept":
    case "going":
      return {
        ...about,
        reasons: fate.reasons,
        expires_at: timeOrNull(fate.at),
        goes: fate.when ?? null,
        blocked_by: fate.blockedBy ?? null,
        policy_id: fate.policy?.id ?? null,
        policy_name: fate.policy?.name ?? null,
      };
    case "deleting":
      return { ...about, reasons: [fate.reason], ...unknown };
    case "trashed":
    case "purged": {
      const { told, deletedAt, notBefore, purgedAt } = fate.trashed;
      return {
        ...about,
        reasons: [told.reason],
        ...unknown,
        deleted_at: wireTime(deletedAt),
        deleted_by: told.by,
        purge_not_before: wireTime(notBefore),
        purged_at: timeOrNull(purgedAt),
      };
    }
  }
}

export const previewView = ({ deletions, kept, freed, note }: Preview): object => ({
  deletions: deletions.map((d) => ({
    backup_id: d.id,
    backup_name: d.name,
    vault_id: d.vaultId,
    resource_id: d.resourceId,
    created_at: wireTime(d.createdAt),
    reason: d.reason,
    expired_at: timeOrNull(d.at),
    goes: d.at === undefined ? "when the next backup of the resource completes" : "within a day",
    needs_confirmation: d.held ?? null,
  })),
  deleted: deletions.length,
  kept,
  freed_gb: { at_least: gb(freed.atLeast), at_most: gb(freed.atMost) },
  note: note ?? null,
});

export const heldPlanView = (plan: HeldPlan): object => ({
  plan_id: planIdOf(plan),
  resource_id: plan.resourceId,
  resource_name: plan.resourceName,
  vault_id: plan.vaultId,
  reason: plan.hold.why,
  since: wireTime(plan.at),
  confirmed: plan.confirmedBy !== undefined,
  deleted: plan.total,
  deletions: plan.deletions.map(({ id, name, createdAt, reason }) => ({
    backup_id: id,
    backup_name: name,
    created_at: wireTime(createdAt),
    reason,
  })),
});
