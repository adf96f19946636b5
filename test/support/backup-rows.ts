/** Backups as the service leaves them in the records, for tests of what is read. */
import type { Alias, Backup, Part } from "../../core/app/records/entities.ts";
import { aliasKey, backupKey, metadataKey, partKey } from "../../core/app/records/keys.ts";
import { backups, insertAt, load } from "../../core/app/records/tables.ts";
import { DISK, SERVER } from "../../core/domain/resource-types.ts";
import { GIB } from "../../core/domain/values.ts";
import type { RecordStore } from "../../core/ports/record-store.ts";
import { forced } from "./forced.ts";
import { PROJECT } from "./vault-host.ts";

/** An available disk backup; `change` what is different. */
export const backupRow = (id: string, change: Partial<Backup> = {}): Backup => ({
  schema: 1,
  id,
  projectId: PROJECT,
  vaultId: "v1",
  checkpointId: "c1",
  taskId: `task-${id}`,
  resourceId: "r1",
  resourceType: DISK,
  resourceName: "disk-demo",
  resourceSize: 3 * GIB + 1,
  name: `backup-${id}`,
  description: "",
  status: "available",
  incremental: true,
  autoTrigger: false,
  domainId: "dom",
  enterpriseProjectId: "0",
  createdAt: Date.parse("2030-01-02T03:04:05.006Z"),
  updatedAt: Date.parse("2030-01-02T03:09:00Z"),
  protectedAt: Date.parse("2030-01-02T03:04:06Z"),
  ...change,
});

/** Writes a backup with its parts, aliases and metadata, as sealing does. */
export async function putBackup(records: RecordStore, backup: Backup, parts: readonly Part[] = []): Promise<void> {
  await records.transact([
    forced(backups, backup),
    ...parts.map((part) => insertAt({ key: partKey(backup.id, part.id) }, part)),
    ...(backup.resourceType === SERVER
      ? parts.map((part) => insertAt({ key: aliasKey(part.id) }, { schema: 1, aliasOf: backup.id } satisfies Alias))
      : []),
    ...(parts.length > 0 ? [insertAt({ key: metadataKey(backup.id) }, metadata(backup, parts))] : []),
  ]);
}

const metadata = (backup: Backup, parts: readonly Part[]) => ({
  ...(backup.resourceType === SERVER && { server: { id: backup.resourceId, name: backup.resourceName } }),
  volumes: parts.map((part) => ({ id: part.diskId, name: part.diskName, size: part.size, bootable: part.system })),
});

export const partRow = (backupId: string, id: string, change: Partial<Part> = {}): Part => ({
  schema: 1,
  id,
  backupId,
  diskId: `disk-of-${id}`,
  diskName: `name-of-${id}`,
  size: GIB,
  system: false,
  nonZero: 1,
  ...change,
});

/** Changes a stored backup, to any state. */
export async function changeBackup(records: RecordStore, id: string, change: Partial<Backup>): Promise<void> {
  const backup = await load(records, backups, backupKey(id));
  if (backup === undefined) throw new Error(`no backup ${id}`);
  await records.write(forced(backups, { ...backup, ...change }));
}
