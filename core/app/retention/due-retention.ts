/** Due work of retention: a resource's rule is to be looked at, a backup's date is to come. */
import type { Instant } from "../../domain/values.ts";
import type { Write } from "../../ports/record-store.ts";
import type { Backup, Due, Vault } from "../records/entities.ts";
import { dueKey } from "../records/keys.ts";
import { insertAt } from "../records/tables.ts";
import { shardOf } from "../time/due.ts";

/** The tick looks at the resource's backups: after one completed or failed, and after a person confirmed a plan. */
export function dueRetention(
  at: Instant,
  name: string,
  resource: {
    readonly vaultId: string;
    readonly resourceId: string;
    readonly completed?: string;
    readonly failed?: string;
  },
): Write {
  const due: Due = { schema: 1, workflow: "retention", name, input: { ...resource } };
  return insertAt({ key: dueKey(shardOf(name), at, "retention", name) }, due);
}

/** RET-21, RET-40: the date stands by itself, whatever becomes of the policy. */
function dueExpiry(at: Instant, { id, vaultId, resourceId }: Pick<Backup, "id" | "vaultId" | "resourceId">): Write {
  const due: Due = { schema: 1, workflow: "expiry", name: id, input: { vaultId, resourceId, backupId: id } };
  return insertAt({ key: dueKey(shardOf(id), at, "expiry", id) }, due);
}

/** What is due once a backup is complete: its own date, and the rule of its vault's policy for all of the resource's (RET-20). */
export const dueAfter = (now: Instant, vault: Vault | undefined, backup: Backup): readonly Write[] => [
  ...(backup.expiredAt === undefined ? [] : [dueExpiry(backup.expiredAt, backup)]),
  ...(vault?.policies?.backup === undefined
    ? []
    : [dueRetention(now, backup.id, { vaultId: backup.vaultId, resourceId: backup.resourceId, completed: backup.id })]),
];

/** BKP-27: what a failed automatic backup may push out, even while none succeeds. */
export const dueAfterFailure = (now: Instant, { id, vaultId, resourceId, autoTrigger }: Backup): readonly Write[] =>
  autoTrigger ? [dueRetention(now, id, { vaultId, resourceId, failed: id })] : [];
