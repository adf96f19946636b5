/** One backup with its disk-level children, found by its own id or by a child's. */

import { fault } from "../../domain/fault.ts";
import { childName } from "../../domain/naming.ts";
import { DISK, SERVER } from "../../domain/resource-types.ts";
import { Alias, Backup, Part } from "../records/entities.ts";
import { backupKey, PARTS } from "../records/keys.ts";
import { parseItem, type Versioned } from "../records/record.ts";
import { listAll } from "../records/tables.ts";
import type { Services } from "../services.ts";

/** A backup as it is shown: itself, or one disk of a server backup. */
export interface ShownBackup {
  readonly id: string;
  readonly createdAt: number;
  readonly name: string;
  readonly parentId: string | undefined;
  readonly resourceId: string;
  readonly resourceName: string;
  readonly resourceType: string;
  /** Bytes. */
  readonly resourceSize: number;
  /** Is it a system disk? undefined: not a disk, or not known before the backup is sealed. */
  readonly bootable: boolean | undefined;
  /** Its disk, or one of its disks, was kept encrypted where it was read from. */
  readonly encrypted: boolean;
  /** The backup it is, or belongs to. */
  readonly backup: Versioned<Backup>;
}

/** A backup, its parts, and which of them was asked for. */
export interface FoundBackup {
  readonly shown: ShownBackup;
  readonly children: readonly ShownBackup[];
  readonly backup: Versioned<Backup>;
  readonly parts: readonly Part[];
}

/** A backup as a row of its own. */
export const asRow = (backup: Versioned<Backup>, parts: readonly Part[] = []): ShownBackup => ({
  id: backup.id,
  createdAt: backup.createdAt,
  name: backup.name,
  parentId: undefined,
  resourceId: backup.resourceId,
  resourceName: backup.resourceName,
  resourceType: backup.resourceType,
  resourceSize: backup.resourceSize,
  bootable: backup.resourceType === DISK ? (parts[0]?.system ?? backup.containSystemDisk) : undefined,
  encrypted: backup.encrypted === true,
  backup,
});

/** The disks of a server backup (CON-06). A disk backup has none; before sealing a server backup has none either. */
const childrenOf = (backup: Versioned<Backup>, parts: readonly Part[]): ShownBackup[] =>
  backup.resourceType !== SERVER
    ? []
    : parts.map((part) => ({
        id: part.id,
        createdAt: backup.createdAt,
        name: childName(backup.name, part.diskName),
        parentId: backup.id,
        resourceId: part.diskId,
        resourceName: part.diskName,
        resourceType: DISK,
        resourceSize: part.size,
        bootable: part.system,
        encrypted: part.encrypted === true,
        backup,
      }));

/** Undefined when the project has no such backup. */
export async function findBackup(s: Services, projectId: string, id: string): Promise<FoundBackup | undefined> {
  const item = await s.records.get(backupKey(id), { consistent: true });
  if (item === undefined) return undefined;
  const alias = Alias.safeParse(item.body);
  const own = alias.success ? await s.records.get(backupKey(alias.data.aliasOf), { consistent: true }) : item;
  if (own === undefined) return undefined;
  const backup = parseItem(Backup, own);
  if (backup.projectId !== projectId) return undefined;
  const parts = await listAll(s.records, Part, backupKey(backup.id).pk, PARTS);
  const children = childrenOf(backup, parts);
  if (!alias.success) return { shown: asRow(backup, parts), children, backup, parts };
  const child = children.find((one) => one.id === id);
  return child && { shown: child, children: [], backup, parts: parts.filter((part) => part.id === id) };
}

/** @throws Fault 6200 */
export async function showBackup(s: Services, projectId: string, id: string): Promise<FoundBackup> {
  const found = await findBackup(s, projectId, id);
  return found ?? fault("6200", `backup ${id} does not exist`);
}
