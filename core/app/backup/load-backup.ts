/** A backup of the caller's project by its own id, or by the id of one of its disk children. */
import { fault } from "../../domain/fault.ts";
import type { RecordStore } from "../../ports/record-store.ts";
import { Alias, Backup } from "../records/entities.ts";
import { backupKey } from "../records/keys.ts";
import { parseItem, type Versioned } from "../records/record.ts";

/** @throws Fault 6200 when the project has no such backup (a child's id is not one: see findParent) */
export async function loadBackup(
  records: RecordStore,
  projectId: string,
  backupId: string,
): Promise<Versioned<Backup>> {
  const item = await records.get(backupKey(backupId), { consistent: true });
  const backup = item === undefined || "aliasOf" in item.body ? undefined : parseItem(Backup, item);
  if (backup === undefined || backup.projectId !== projectId) return fault("6200", `backup ${backupId} does not exist`);
  return backup;
}

/** The id of the server backup that this id is a disk child of, if it is one. */
export async function findParent(records: RecordStore, childId: string): Promise<string | undefined> {
  const item = await records.get(backupKey(childId), { consistent: true });
  return item !== undefined && "aliasOf" in item.body ? parseItem(Alias, item).aliasOf : undefined;
}
