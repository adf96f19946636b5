/** How does a vault look to people? */
import { type Row, rowsOf } from "../client.ts";
import { memberOf } from "../tasks.ts";
import { cell, formatFields, formatGB, formatMB, formatTable, formatTime } from "../text.ts";

/** Headings of a table of vaults; one cell each from `listedVault`. */
export const vaultHeadings = ["ID", "NAME", "TYPE", "STATUS", "SIZE", "USED", "RESOURCES"] as const;

/** What a vault protects. */
export const resourcesOf = (vault: Row): Row[] => rowsOf(vault, "resources");

function tagsOf({ tags }: Row): string {
  const all = Array.isArray(tags) ? (tags as Row[]) : [];
  return all.length === 0
    ? "-"
    : all.map(({ key, value }) => `${cell(key)}=${value === "" ? "" : cell(value)}`).join(", ");
}

/** One vault as a line of the table. */
export function listedVault(vault: Row): string[] {
  const billing = memberOf(vault, "billing");
  return [
    cell(vault.id),
    cell(vault.name),
    cell(billing.object_type),
    cell(billing.status),
    formatGB(billing.size),
    formatMB(billing.used),
    String(resourcesOf(vault).length),
  ];
}

/** One vault and what it protects. */
export function shownVault(vault: Row): string {
  const billing = memberOf(vault, "billing");
  const rows = resourcesOf(vault).map((resource) => [
    cell(resource.id),
    cell(resource.name),
    cell(resource.protect_status),
    formatGB(resource.size),
    formatMB(resource.backup_size),
    cell(resource.backup_count),
  ]);
  return [
    formatFields([
      ["id", cell(vault.id)],
      ["name", cell(vault.name)],
      ["description", cell(vault.description)],
      ["type", cell(billing.object_type)],
      ["status", cell(billing.status)],
      ["size", formatGB(billing.size)],
      ["used", formatMB(billing.used)],
      ["grows", vault.auto_expand === true ? "by itself, when it is full" : "no"],
      ["warns", typeof vault.threshold === "number" ? `at ${vault.threshold} %` : "-"],
      ["locked", cell(vault.locked)],
      ["tags", tagsOf(vault)],
      ["created", formatTime(vault.created_at)],
    ]),
    "",
    rows.length === 0
      ? "no resources"
      : formatTable(["RESOURCE", "NAME", "STATUS", "SIZE", "BACKED UP", "BACKUPS"], rows),
  ].join("\n");
}
