/**
 * Takes one backup out of every list and number, for good: intents for its roots first, then its rows and its share of `used` in
 * one transaction. The roots themselves go when nothing pins them (sweep-roots). What can still come back goes through the trash
 * instead (trash-backup.ts).
 */

import { BACKUP, next } from "../../domain/state-machines.ts";
import { TransactionConflict, type Write } from "../../ports/record-store.ts";
import { type Backup, Part } from "../records/entities.ts";
import { aliasKey, backupKey, intentKey, metadataKey, PARTS, partKey } from "../records/keys.ts";
import type { Versioned } from "../records/record.ts";
import { backups, bindings, insertAt, listAll, load, remove, replace } from "../records/tables.ts";
import { writeIntent } from "../repository/intents.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { bindingNamed } from "../vaults/home.ts";
import { memberAfter } from "./trash-backup.ts";
import { type Unlinked, unlinkPart } from "./unlink-part.ts";

/** Five writes a disk; with the backup's own they stay below DynamoDB's 100 a transaction (a server has up to 24 disks). */
const PARTS_PER_TRANSACTION = 16;

/**
 * Idempotent: a backup that is gone is done. Nothing of it can be seen afterwards, its members' checkpoint counts it as
 * deleted (DEL-07), and `used` has fallen by d(A,B) + d(B,C) − d(A,C) on each disk (CAP-03).
 * @param also writes of the same transaction (the end of its task)
 */
export async function deleteOne(s: Services, backupId: string, also: () => Promise<readonly Write[]>): Promise<void> {
  while (!(await withFreshState(() => step(s, backupId, also))));
}

/** One transaction of a deletion. @returns whether it was the last one */
async function step(s: Services, backupId: string, also: () => Promise<readonly Write[]>): Promise<boolean> {
  const backup = await load(s.records, backups, backupKey(backupId));
  if (backup === undefined) {
    const end = await also();
    if (end.length > 0) await s.records.transact(end);
    return true;
  }
  const all = await listAll(s.records, Part, backupKey(backupId).pk, PARTS);
  const parts = all.slice(0, PARTS_PER_TRANSACTION);
  const last = parts.length === all.length;
  const binding = await bindingNamed(s.records, backup);
  // Its chain rows are on their way to another vault. The workflow tries again in a while.
  if (binding?.migration !== undefined)
    throw new TransactionConflict(`resource ${backup.resourceId} is being moved to vault ${binding.vaultId}`);
  for (const part of parts) await writeIntent(s, backup, part);

  const unlinked = await Promise.all(parts.map((part) => unlink(s, backup, part)));
  // Loses to whoever changed the binding, the backup or a neighbour in a chain; then everything is computed again.
  await s.records.transact([
    ...(last ? await ending(s, backup, await also()) : [replace(backups, halfGone(backup, s.now()))]),
    ...(binding !== undefined
      ? [
          replace(bindings, {
            ...binding,
            used: binding.used + unlinked.reduce((sum, u) => sum + u.difference, 0),
            backups: binding.backups - (last ? 1 : 0),
          }),
        ]
      : []),
    ...unlinked.flatMap((u) => u.writes),
  ]);
  return last;
}

/** A backup that has lost some of its disks is never shown as one that can be restored, whatever happens next. */
const halfGone = (backup: Versioned<Backup>, now: number): Versioned<Backup> => ({
  ...backup,
  status: next(BACKUP, backup.status, "break"),
  updatedAt: now,
});

async function ending(s: Services, backup: Versioned<Backup>, also: readonly Write[]): Promise<Write[]> {
  return [
    remove(backups, backup),
    { op: "delete", key: metadataKey(backup.id), if: "any" },
    ...(await memberAfter(s, backup, "delete")),
    ...also,
  ];
}

/** Takes a disk's backup out of its chain, its rows away, and lets its root go. */
async function unlink(s: Services, backup: Backup, part: Part): Promise<Unlinked> {
  const { difference, writes } = await unlinkPart(s, backup, part);
  return {
    difference,
    writes: [
      ...writes,
      { op: "delete", key: partKey(backup.id, part.id), if: "any" },
      ...(part.id === backup.id ? [] : [{ op: "delete", key: aliasKey(part.id), if: "any" } as const]),
      insertAt(
        { key: intentKey(backup.domainId, part.id) },
        {
          schema: 1,
          rootId: part.id,
          vaultId: backup.vaultId,
          resourceId: backup.resourceId,
          diskId: part.diskId,
          at: s.now(),
        },
      ),
    ],
  };
}
