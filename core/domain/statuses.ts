/** States of vaults, backups, bindings and tasks. What leads from one to another: state-machines.ts; what each refuses: matrix.ts. */

/** `frozen`: an operator's doing (CAP-37, CAP-38); data is kept, nothing is done with it. */
export const VAULT_STATUSES = ["available", "frozen", "deleting", "error"] as const;
export type VaultStatus = (typeof VAULT_STATUSES)[number];

/** Why a vault is frozen (VLT-14): nobody pays for it, or it breaks the operator's rules. */
export const FROZEN_SCENES = ["arrears", "violation"] as const;
export type FrozenScene = (typeof FROZEN_SCENES)[number];

export const BACKUP_STATUSES = ["protecting", "available", "restoring", "deleting", "error"] as const;
export type BackupStatus = (typeof BACKUP_STATUSES)[number];

/** protect_status of a resource in a vault. `migrating`: its backups are still on their way here from another vault. */
export const BINDING_STATUSES = ["available", "protecting", "restoring", "removing", "migrating", "error"] as const;
export type BindingStatus = (typeof BINDING_STATUSES)[number];

/**
 * A backup seen from its checkpoint. `deleted` (it was available) and `dropped` (it had failed) stay, so that the checkpoint can
 * tell when it is empty, and what it was (DEL-07).
 */
export const MEMBER_STATUSES = ["protecting", "available", "error", "deleted", "dropped"] as const;
export type MemberStatus = (typeof MEMBER_STATUSES)[number];

/** TSK-06: waiting → running → success, failed, timeout; waiting → skipped. */
export const TASK_STATUSES = ["waiting", "running", "success", "failed", "timeout", "skipped"] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

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

/** A checkpoint's status, folded from its members (BKP-26): running while one runs, available when one worked. */
export function checkpointStatus(members: readonly MemberStatus[]): "protecting" | "available" | "error" {
  if (members.includes("protecting")) return "protecting";
  return members.some((m) => m === "available" || m === "deleted") ? "available" : "error";
}
