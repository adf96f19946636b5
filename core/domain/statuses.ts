/** States of vaults, backups, bindings and tasks, and which request each state refuses (cbr-behaviour §23). */

export type VaultStatus = "available" | "deleting" | "error";
export type BackupStatus = "protecting" | "available" | "restoring" | "deleting" | "error";
/** protect_status of a resource in a vault. */
export type BindingStatus = "available" | "protecting" | "restoring" | "removing" | "error";
export type TaskStatus = "waiting" | "running" | "success" | "failed" | "timeout" | "skipped";
export type TaskType = "backup" | "restore" | "delete" | "vault_delete" | "remove_resource";
export type MemberStatus = "protecting" | "available" | "error" | "deleted";

export const ENDED: ReadonlySet<TaskStatus> = new Set(["success", "failed", "timeout", "skipped"]);

/** Why a resource in this state cannot take a new operation: the code of the matrix CCY 23.1, or nothing when it can. */
export function busyCode(
  status: BindingStatus,
  asked: "backup" | "restore" | "remove",
): { readonly code: "6125" | "2010" | "6134" | "2002"; readonly why: string } | undefined {
  switch (status) {
    case "protecting":
      return { code: asked === "restore" ? "2002" : "6125", why: "the resource is being backed up" };
    case "restoring":
      return { code: "2010", why: "the resource is being restored" };
    case "removing":
      return { code: "6134", why: "the resource is being removed from its vault" };
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
