/** How does a backup look to people? */
import type { Row } from "../client.ts";
import { memberOf } from "../tasks.ts";
import { cell, formatFields, formatGB, formatTable, formatTime } from "../text.ts";

/** Headings of a table of backups; one cell each from `listedBackup`. */
export const backupHeadings = ["ID", "NAME", "STATUS", "RESOURCE", "SIZE", "CREATED"] as const;

/** One backup as a line of the table. */
export function listedBackup(backup: Row): string[] {
  return [
    cell(backup.id),
    cell(backup.name),
    cell(backup.status),
    cell(backup.resource_name ?? backup.resource_id),
    formatGB(backup.resource_size),
    formatTime(backup.created_at),
  ];
}

/** One backup with everything that people ask about, and its disks if it is a server's. */
export function shownBackup(backup: Row): string {
  const fields = formatFields([
    ["id", cell(backup.id)],
    ["name", cell(backup.name)],
    ["description", cell(backup.description)],
    ["status", cell(backup.status)],
    ["resource", `${cell(backup.resource_name)} (${cell(backup.resource_id)})`],
    ["size", formatGB(backup.resource_size)],
    ["incremental", cell(backup.incremental ?? memberOf(backup, "extend_info").incremental)],
    ["vault", cell(backup.vault_id)],
    ["checkpoint", cell(backup.checkpoint_id)],
    ["created", formatTime(backup.created_at)],
    ["protected", formatTime(backup.protected_at)],
    [
      "expires",
      backup.expired_at === null || backup.expired_at === undefined ? "never" : formatTime(backup.expired_at),
    ],
  ]);
  const children = Array.isArray(backup.children) ? (backup.children as Row[]) : [];
  if (children.length === 0) return fields;
  const disks = children.map((child) => [
    cell(child.id),
    cell(child.resource_name ?? child.resource_id),
    cell(child.status),
    formatGB(child.resource_size),
  ]);
  return `${fields}\n\n${formatTable(["DISK BACKUP", "DISK", "STATUS", "SIZE"], disks)}`;
}

/** Why a backup is kept, and when it goes; or why it went. */
export function shownFate(fate: Row): string {
  const reasons = Array.isArray(fate.reasons) ? fate.reasons.map(cell) : [];
  const policy = fate.policy_id === null ? "-" : `${cell(fate.policy_name)} (${cell(fate.policy_id)})`;
  return formatFields([
    ["backup", cell(fate.backup_id)],
    ["state", cell(fate.state)],
    ["because", reasons.join("; ") || "-"],
    ["policy", policy],
    ["expires", formatTime(fate.expires_at)],
    ["goes", cell(fate.goes)],
    ["but", cell(fate.blocked_by)],
    ["deleted", formatTime(fate.deleted_at)],
    ["kept until", formatTime(fate.purge_not_before)],
    ["purged", formatTime(fate.purged_at)],
  ]);
}
