/** GET holdfast/backups/{id}/fate: why is a backup here, when does it go, and what stands in the way? Or: where has it gone? */
import { reasonText } from "../../domain/retention-reasons.ts";
import { findParent } from "../backup/load-backup.ts";
import { showBackup } from "../lists/show-backup.ts";
import { bindingKey, heldPlanKey, trashKey, vaultKey } from "../records/keys.ts";
import { bindings, load, vaults } from "../records/tables.ts";
import { heldPlans, type Trashed, trash } from "../records/trash.ts";
import type { Services } from "../services.ts";
import { planResource } from "./plan-resource.ts";

export type Fate =
  | {
      readonly state: "kept" | "going";
      /** Of the backup asked for; of its server's, when it is a disk's. */
      readonly backupId: string;
      readonly reasons: readonly string[];
      /** When its date comes. */
      readonly at: number | undefined;
      /** What makes it go, when no date does. */
      readonly when: string | undefined;
      /** Why it does not go although its time has come. */
      readonly blockedBy: string | undefined;
      readonly policy: { readonly id: string; readonly name: string } | undefined;
    }
  | { readonly state: "deleting"; readonly backupId: string; readonly reason: string }
  | { readonly state: "trashed" | "purged"; readonly backupId: string; readonly trashed: Trashed };

/** @throws Fault 6200: there is none, or it was purged more than 90 days ago */
export async function showFate(s: Services, projectId: string, id: string): Promise<Fate> {
  // The disks of a server's backup share its fate, in the trash as well.
  const deleted = await load(s.records, trash, trashKey((await findParent(s.records, id)) ?? id));
  // A backup that came back left no such row behind.
  if (deleted?.backup.projectId === projectId)
    return { state: deleted.state, backupId: deleted.backup.id, trashed: deleted };
  const { backup } = await showBackup(s, projectId, id);
  if (backup.status === "deleting")
    return { state: "deleting", backupId: backup.id, reason: backup.leaving?.told.reason ?? "it is being deleted" };
  const vault = await load(s.records, vaults, vaultKey(backup.vaultId));
  if (vault === undefined || vault.status === "deleting")
    return { state: "deleting", backupId: backup.id, reason: "the vault is being deleted with everything in it" };

  const { vaultId, resourceId } = backup;
  const plan = await planResource(s, vault, { projectId, vaultId, resourceId }, { also: [backup.id] });
  const binding = await load(s.records, bindings, bindingKey(vaultId, resourceId));
  const held = await load(s.records, heldPlans, heldPlanKey(projectId, resourceId));
  const decision = plan.decisions.find((d) => d.id === backup.id);
  const policy = plan.policy && { id: plan.policy.id, name: plan.policy.name };
  const about = { backupId: backup.id, policy };
  if (decision === undefined || decision.keep) {
    const reasons = decision?.reasons.map(reasonText) ?? [];
    return { ...about, state: "kept", reasons, at: decision?.until, when: undefined, blockedBy: undefined };
  }
  const { reason } = decision;
  const waits = held !== undefined && held.confirmedBy === undefined && held.deletions.some((d) => d.id === backup.id);
  return {
    ...about,
    state: "going",
    reasons: [reasonText(reason)],
    at: reason.kind === "expired" ? reason.at : undefined,
    when: reason.kind === "expired" ? "within a day" : "when the next backup of the resource completes",
    blockedBy:
      binding?.restoreIncomplete === true
        ? "a restore of the resource did not finish: nothing of it is deleted until one has"
        : waits
          ? `a person has to confirm it: ${held.hold.why}`
          : undefined,
  };
}
