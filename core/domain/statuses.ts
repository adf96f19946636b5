/** States of vaults, backups, bindings and tasks, and which request each state refuses (cbr-behaviour §23). */

/** `frozen`: an operator's doing (CAP-37, CAP-38); data is kept, nothing is done with it. */
export const VAULT_STATUSES = ["available", "frozen", "deleting", "error"] as const;
export type VaultStatus = (typeof VAULT_STATUSES)[number];

/** Why a vault is frozen (VLT-14): nobody pays for it, or it breaks the operator's rules. */
export const FROZEN_SCENES = ["arrears", "violation"] as const;
export type FrozenScene = (typeof FROZEN_SCENES)[number];

export const BACKUP_STATUSES = ["protecting", "available", "restoring", "deleting", "error"] as const;

/** protect_status of a resource in a vault. `migrating`: its backups are still on their way here from another vault. */
export const BINDING_STATUSES = ["available", "protecting", "restoring", "removing", "migrating", "error"] as const;
export type BindingStatus = (typeof BINDING_STATUSES)[number];

/** A backup seen from its checkpoint; `deleted` stays so that the checkpoint can tell when it is empty (DEL-07). */
export const MEMBER_STATUSES = ["protecting", "available", "error", "deleted"] as const;
type MemberStatus = (typeof MEMBER_STATUSES)[number];

/** TSK-06: waiting → running → success, failed, timeout; waiting → skipped. */
export const TASK_STATUSES = ["waiting", "running", "success", "failed", "timeout", "skipped"] as const;

export const TASK_TYPES = [
  "backup",
  "restore",
  "delete",
  "vault_delete",
  "remove_resource",
  "migrate_resource",
  "undelete",
] as const;

/** What is recorded of a run that a policy asks for; `failed` and `done` are ends of `started`. */
export const SCHEDULED_STATES = ["expected", "started", "done", "failed", "missed", "skipped"] as const;
/** As people see it: `late` is an expected run that should have started and has not. */
export const RUN_STATES = [...SCHEDULED_STATES, "late"] as const;

/** Why a resource in this state cannot take a new operation: the code of the matrix CCY 23.1, or nothing when it can. */
export function busyCode(
  status: BindingStatus,
  asked: "backup" | "restore" | "remove" | "migrate",
): { readonly code: "6125" | "2010" | "6112" | "6134" | "2002" | "6202"; readonly why: string } | undefined {
  switch (status) {
    case "protecting":
      return { code: asked === "restore" ? "2002" : "6125", why: "the resource is being backed up" };
    case "restoring":
      return { code: asked === "migrate" ? "6112" : "2010", why: "the resource is being restored" };
    case "removing":
      return { code: "6134", why: "the resource is being removed from its vault" };
    case "migrating":
      return {
        code: asked === "remove" ? "6134" : asked === "restore" ? "6202" : "6112",
        why: "the resource is being moved from another vault",
      };
    case "available":
    case "error":
      return undefined;
  }
}

/** A checkpoint's status, folded from its members (BKP-26): running while one runs, available when one worked. */
export function checkpointStatus(members: readonly MemberStatus[]): "protecting" | "available" | "error" {
  if (members.includes("protecting")) return "protecting";
  return members.some((m) => m === "available" || m === "deleted") ? "available" : "error";
}
