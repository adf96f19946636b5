/**
 * Takes one backup out of every list and number, into the trash: its rows leave and its share of `used` falls in one transaction,
 * its roots, parts and metadata stay where they are until it is purged.
 */
import { MEMBER, next } from "../../domain/state-machines.ts";
import { TransactionConflict, type Write } from "../../ports/record-store.ts";
import { type Backup, type Due, Member, Part } from "../records/entities.ts";
import { backupKey, dueKey, memberKey, PARTS } from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import { backups, bindings, insert, insertAt, listAll, load, putMember, remove, replace } from "../records/tables.ts";
import { trash } from "../records/trash.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { observedMs } from "../time/clock.ts";
import { shardOf } from "../time/due.ts";
import { bindingNamed } from "../vaults/home.ts";
import { unlinkPart } from "./unlink-part.ts";

const DAY_MS = 24 * 3600 * 1000;

/** How long a deleted backup can come back on this host; 0 = not at all. */
const trashMs = (s: Services): number => s.tuning.trashMs ?? DAY_MS;

/** Whether a backup goes to the trash: it can be restored from, and this host keeps one. */
export const goesToTrash = (s: Services, { leaving }: Backup): boolean =>
  leaving?.from === "available" && trashMs(s) > 0;

/**
 * Idempotent: a backup that is gone is done. Two writes a disk and six more: a server's 24 disks fit into one transaction.
 * @param also writes of the same transaction (the end of its task)
 */
export const trashBackup = (s: Services, backupId: string, also: () => Promise<readonly Write[]>): Promise<void> =>
  withFreshState(async () => {
    const end = await also();
    const backup = await load(s.records, backups, backupKey(backupId));
    if (backup?.leaving === undefined) {
      if (end.length > 0) await s.records.transact(end);
      return;
    }
    const { leaving, v: _seen, ...asItWas } = backup;
    const parts = await listAll(s.records, Part, backupKey(backupId).pk, PARTS);
    const unlinked = await Promise.all(parts.map((part) => unlinkPart(s, backup, part)));
    const binding = await bindingNamed(s.records, backup);
    // Its chain rows are on their way to another vault. The workflow tries again in a while.
    if (binding?.migration !== undefined)
      throw new TransactionConflict(`resource ${backup.resourceId} is being moved to vault ${binding.vaultId}`);
    const now = s.now();
    const notBefore = now + trashMs(s);
    // Loses to whoever changed the backup, its binding or a neighbour in a chain; then everything is computed again.
    await s.records.transact([
      remove(backups, backup),
      insert(trash, {
        schema: 1,
        state: "trashed",
        backup: { ...asItWas, status: "available" },
        links: parts.flatMap(({ id, diskId }, i) => {
          const at = unlinked[i]?.link?.at;
          return at === undefined ? [] : [{ partId: id, diskId, at }];
        }),
        told: leaving.told,
        deletedAt: now,
        notBefore,
        observed: await observedMs(s),
      }),
      duePurge(notBefore, backupId),
      ...(binding === undefined
        ? []
        : [
            replace(bindings, {
              ...binding,
              used: binding.used + unlinked.reduce((sum, u) => sum + u.difference, 0),
              backups: binding.backups - 1,
            }),
          ]),
      ...(await memberAfter(s, backup, "delete")),
      ...unlinked.flatMap(({ writes }) => writes),
      ...end,
    ]);
  });

/** The tick looks whether it can be purged. */
function duePurge(at: number, backupId: string): Write {
  const due: Due = { schema: 1, workflow: "purge", name: backupId, input: { backupId } };
  return insertAt({ key: dueKey(shardOf(backupId), at, "purge", backupId) }, due);
}

/** How its checkpoint sees it from now on (DEL-07). */
export async function memberAfter(
  s: Services,
  { checkpointId, resourceId }: Pick<Backup, "checkpointId" | "resourceId">,
  event: "delete" | "return",
): Promise<readonly Write[]> {
  const item = await s.records.get(memberKey(checkpointId, resourceId), { consistent: true });
  if (item === undefined) return [];
  const member = parseItem(Member, item);
  return [putMember(checkpointId, { ...member, status: next(MEMBER, member.status, event) })];
}
