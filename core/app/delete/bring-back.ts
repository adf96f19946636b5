/** The task of a backup's return from the trash: rows, place in the chains and share of `used`, in one transaction. */
import { fault } from "../../domain/fault.ts";
import { refuseObstacle } from "../../domain/obstacle.ts";
import { GIB } from "../../domain/values.ts";
import type { Write } from "../../ports/record-store.ts";
import { type Backup, type Link, Part } from "../records/entities.ts";
import { backupKey, bindingKey, chainKey, PARTS, partKey, trashKey, vaultKey } from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import {
  backups,
  bindings,
  insert,
  insertAt,
  listAll,
  load,
  remove,
  replace,
  replaceAt,
  vaults,
} from "../records/tables.ts";
import { type Trashed, trash } from "../records/trash.ts";
import { changeOr, nextLink, previousLink } from "../repository/chain.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { loadBindings, usedBytes } from "../vaults/load-vault.ts";
import { memberAfter } from "./trash-backup.ts";

/**
 * Idempotent: a backup that has come back is done. It comes back held: the rule that deleted it would delete it again.
 * @param end writes of the same transaction (the end of its task)
 * @throws Fault 6200 (purged), 6112, 6135 (vault or resource left), 6114 (no room), Damaged, ObjectMissing (its root is not whole)
 */
export const bringBack = (s: Services, backupId: string, end: () => Promise<readonly Write[]>): Promise<void> =>
  withFreshState(async () => {
    const trashed = await load(s.records, trash, trashKey(backupId));
    if (trashed === undefined) {
      const ended = await end();
      if (ended.length > 0) await s.records.transact(ended);
      return;
    }
    if (trashed.state === "purged") fault("6200", `backup ${backupId} was purged; it cannot come back`);
    const { backup } = trashed;
    const vault = await load(s.records, vaults, vaultKey(backup.vaultId));
    if (vault === undefined) return fault("6112", `vault ${backup.vaultId} is not there any more`);
    const bound = await loadBindings(s.records, vault.id);
    const binding = await load(s.records, bindings, bindingKey(vault.id, backup.resourceId));
    if (binding === undefined)
      return fault("6135", `resource ${backup.resourceId} left the vault: its backups cannot come back`);
    refuseObstacle("undelete", { vault: vault.status, resources: [binding.status] });

    const parts = await listAll(s.records, Part, backupKey(backupId).pk, PARTS);
    const linked = await Promise.all(parts.map((part) => linkAgain(s, backup, trashed, part)));
    const difference = linked.reduce((sum, l) => sum + l.difference, 0);
    if (usedBytes(bound) + difference > vault.billing.size * GIB)
      fault("6114", `the vault's ${vault.billing.size} GB have no room for it; expand it or delete other backups`);
    const now = s.now();
    // The one place where a purge is shut out for good: both change the trash's row under the version they read. It also loses to
    // whoever starts something in the vault or changes the binding or a chain; then everything is computed again. A run of another
    // resource may fill the vault meanwhile: one that started below the limit may end above it as well (CAP-12).
    await s.records.transact([
      remove(trash, trashed),
      replace(vaults, vault),
      insert(backups, {
        ...backup,
        // The vault may have been moved meanwhile (VLT-17).
        enterpriseProjectId: vault.enterpriseProjectId,
        updatedAt: now,
        hold: `taken back from the trash on ${new Date(now).toISOString()}`,
      }),
      replace(bindings, { ...binding, used: binding.used + difference, backups: binding.backups + 1 }),
      ...(await memberAfter(s, backup, "return")),
      ...linked.flatMap(({ writes }) => writes),
      ...(await end()),
    ]);
  });

/** Puts a disk's backup back to its place: `used` grows by d(A,B) + d(B,C) − d(A,C), the same that its deletion took. */
async function linkAgain(
  s: Services,
  backup: Backup,
  { links }: Trashed,
  part: Part,
): Promise<{ readonly difference: number; readonly writes: readonly Write[] }> {
  const stood = links.find(({ partId }) => partId === part.id);
  if (stood === undefined) return { difference: 0, writes: [] };
  const place = ({ at, partId }: Link) => ({ key: chainKey(backup.vaultId, part.diskId, at, partId) });
  const bare: Link = { schema: 1, backupId: backup.id, partId: part.id, at: stood.at, change: 0 };
  const [previous, next] = await Promise.all([
    previousLink(s, backup.vaultId, part.diskId, bare),
    nextLink(s, backup.vaultId, part.diskId, bare),
  ]);
  const { domainId } = backup;
  // A damaged neighbour must not keep it from coming back; its own damage must: then nothing can stand in for it.
  const change = await changeOr(s, domainId, { previous: previous?.partId, next: part.id }, async () =>
    s.dataPlane.difference(await s.keyring.open(domainId), undefined, part.id),
  );
  const writes: Write[] = [insertAt(place(bare), { ...bare, change })];
  if (next === undefined) return { difference: change, writes };
  const after = await changeOr(s, domainId, { previous: part.id, next: next.partId }, () => nonZeroOf(s, next));
  return {
    difference: change + after - next.change,
    writes: [...writes, replaceAt(place(next), { ...next, change: after })],
  };
}

/** All that a disk's backup holds: d(anything, this) is never more. */
async function nonZeroOf(s: Services, { backupId, partId }: Link): Promise<number> {
  const item = await s.records.get(partKey(backupId, partId), { consistent: true });
  if (item === undefined) throw new Error(`part ${partId} of backup ${backupId} is gone`);
  return parseItem(Part, item).nonZero;
}
