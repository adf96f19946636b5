/** GET backups: which backups match, read from the narrowest index that the filter allows (docs/developer/records.md). */
import { badField } from "../../domain/fault.ts";
import { GIB } from "../../domain/values.ts";
import { Backup, Member } from "../records/entities.ts";
import { backupKey, byProject, byResource, byVault, checkpointKey, MEMBERS, vaultKey } from "../records/keys.ts";
import { parseItem, type Versioned } from "../records/record.ts";
import { backups, listAll, load, vaults } from "../records/tables.ts";
import type { Services } from "../services.ts";
import { usedBytes } from "../vaults/load-vault.ts";
import { findVault } from "../vaults/show-vault.ts";
import { asRow, findBackup, type ShownBackup } from "./show-backup.ts";
import {
  createdBetween,
  fromRows,
  listPage,
  type PageAsk,
  type Paged,
  type Partition,
  type Row,
  walkBack,
} from "./walk.ts";

export interface BackupFilter {
  readonly ids: readonly string[];
  readonly checkpointId?: string | undefined;
  /** Children of this server backup instead of top-level backups. */
  readonly parentId?: string | undefined;
  readonly vaultId?: string | undefined;
  readonly resourceId?: string | undefined;
  readonly statuses: readonly string[];
  /** Any part of the name (S-5). */
  readonly name?: string | undefined;
  readonly imageType?: string | undefined;
  readonly resourceName?: string | undefined;
  readonly resourceType?: string | undefined;
  readonly resourceAz?: string | undefined;
  /** Creation window, inclusive. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly enterpriseProjectId?: string | undefined;
  readonly ownType?: "private" | "shared" | "all_granted" | undefined;
  /** Only in vaults that are used to at least so many percent. */
  readonly usedPercent?: number | undefined;
  /** D-16: true = requested as incremental; false filters nothing. */
  readonly incremental?: boolean | undefined;
}

const SORTABLE = {
  created_at: (row: ShownBackup) => row.createdAt,
  updated_at: (row: ShownBackup) => row.backup.updatedAt,
  name: (row: ShownBackup) => row.name,
  status: (row: ShownBackup) => row.backup.status,
  protected_at: (row: ShownBackup) => row.backup.protectedAt ?? 0,
  id: (row: ShownBackup) => row.id,
} as const;

/** Keys that `sort` takes (cbr-api 2.6). */
export const BACKUP_SORT_KEYS = Object.keys(SORTABLE) as (keyof typeof SORTABLE)[];

/** @throws Fault 9900 (more than 10,000 rows to search, unknown marker) */
export async function listBackups(
  s: Services,
  projectId: string,
  filter: BackupFilter,
  ask: PageAsk,
): Promise<Paged<ShownBackup>> {
  if (filter.from !== undefined && filter.to !== undefined && filter.from > filter.to)
    badField("start_time", "must not be after end_time");
  const named = await namedBackups(s, projectId, filter);
  const usage = vaultUsage(s, projectId);
  return listPage<ShownBackup>(
    {
      source: named === undefined ? (after, atOnce) => newest(s, projectId, filter, after, atOnce) : fromRows(named),
      ...(named === undefined && { total: () => total(s, projectId, filter) }),
      find: async (id) => (await findBackup(s, projectId, id))?.shown,
      keep: async (row) =>
        row.backup.projectId === projectId &&
        matches(row, filter) &&
        (filter.usedPercent === undefined || (await usage(row.backup.vaultId)) >= filter.usedPercent),
      sortable: SORTABLE,
    },
    ask,
  );
}

/** Backups that ids, a checkpoint or a parent name, read consistently; undefined when none is asked. */
async function namedBackups(
  s: Services,
  projectId: string,
  filter: BackupFilter,
): Promise<readonly ShownBackup[] | undefined> {
  if (filter.parentId !== undefined) {
    const parent = await findBackup(s, projectId, filter.parentId);
    return parent?.children.filter((c) => filter.ids.length === 0 || filter.ids.includes(c.id)) ?? [];
  }
  let ids = filter.ids.length === 0 ? undefined : filter.ids;
  if (filter.checkpointId !== undefined) {
    const members = await listAll(s.records, Member, checkpointKey(filter.checkpointId).pk, MEMBERS);
    ids = members.map((m) => m.backupId).filter((id) => ids?.includes(id) ?? true);
  }
  if (ids === undefined) return undefined;
  const rows: ShownBackup[] = [];
  for (const id of new Set(ids)) {
    const backup = await loadTopLevel(s, id);
    if (backup !== undefined) rows.push(asRow(backup));
  }
  return rows;
}

/** Lists show top-level backups; a child's id names none of them. */
async function loadTopLevel(s: Services, id: string): Promise<Versioned<Backup> | undefined> {
  const item = await s.records.get(backupKey(id), { consistent: true });
  return item !== undefined && "aliasOf" in item.body ? undefined : item && parseItem(Backup, item);
}

async function* newest(
  s: Services,
  projectId: string,
  filter: BackupFilter,
  after: Row | undefined,
  atOnce: number | undefined,
): AsyncGenerator<ShownBackup> {
  for await (const item of walkBack(s.records, partition(projectId, filter, after), atOnce)) {
    const backup = parseItem(backups.schema, item);
    if (backup.id !== after?.id) yield asRow(backup);
  }
}

/** How many there are, when the filter keeps all of one partition: all of the project, of a vault or of a resource. */
async function total(s: Services, projectId: string, filter: BackupFilter): Promise<number | undefined> {
  const { vaultId, resourceId, ids, statuses, ownType, imageType = "backup", ...others } = filter;
  // What nothing is yet (shared, another image type) is an empty list, which the walk finds as well.
  const all = ids.length === 0 && statuses.length === 0 && ownType !== "shared" && imageType === "backup";
  const both = vaultId !== undefined && resourceId !== undefined;
  if (!all || both || Object.values(others).some((value) => value !== undefined && value !== false)) return undefined;
  // A vault's partition has no project in its key.
  if (vaultId !== undefined && (await load(s.records, vaults, vaultKey(vaultId)))?.projectId !== projectId)
    return undefined;
  const { index = "g1", pk } = partition(projectId, filter, undefined);
  return s.records.count(index, pk);
}

function partition(
  projectId: string,
  { resourceId, vaultId, from, to }: BackupFilter,
  after: Row | undefined,
): Partition {
  const at = after?.createdAt ?? 0;
  const id = after?.id ?? "";
  const place =
    resourceId !== undefined
      ? ({ index: "g3", key: byResource(projectId, resourceId, "B", at, id) } as const)
      : vaultId !== undefined
        ? ({ index: "g2", key: byVault(vaultId, "B", at, id) } as const)
        : ({ index: "g1", key: byProject(projectId, "B", at, id) } as const);
  const created = createdBetween(from, to);
  // The marker's row is inside the window, so it ends the range earlier than the window does.
  const range = after === undefined ? created : { ...created, to: place.key.sk };
  return { index: place.index, pk: place.key.pk, ...(range !== undefined && { range }) };
}

function matches(row: ShownBackup, filter: BackupFilter): boolean {
  const { backup } = row;
  // Nothing is shared, replicated or placed in a zone yet.
  if (filter.ownType === "shared" || (filter.imageType ?? "backup") !== "backup" || filter.resourceAz !== undefined)
    return false;
  return (
    (filter.vaultId === undefined || backup.vaultId === filter.vaultId) &&
    (filter.resourceId === undefined || row.resourceId === filter.resourceId) &&
    (filter.checkpointId === undefined || backup.checkpointId === filter.checkpointId) &&
    (filter.name === undefined || row.name.includes(filter.name)) &&
    (filter.resourceName === undefined || row.resourceName.includes(filter.resourceName)) &&
    (filter.resourceType === undefined || row.resourceType === filter.resourceType) &&
    (filter.statuses.length === 0 || filter.statuses.includes(backup.status)) &&
    (filter.from === undefined || row.createdAt >= filter.from) &&
    (filter.to === undefined || row.createdAt <= filter.to) &&
    (filter.enterpriseProjectId === undefined || backup.enterpriseProjectId === filter.enterpriseProjectId) &&
    (filter.incremental !== true || backup.incremental)
  );
}

/** Percent used of a vault, looked up once per list. */
function vaultUsage(s: Services, projectId: string): (vaultId: string) => Promise<number> {
  const known = new Map<string, Promise<number>>();
  return (vaultId) => {
    const usage = known.get(vaultId) ?? percentUsed(s, projectId, vaultId);
    known.set(vaultId, usage);
    return usage;
  };
}

async function percentUsed(s: Services, projectId: string, vaultId: string): Promise<number> {
  const found = await findVault(s, projectId, vaultId);
  return found === undefined ? 0 : (100 * usedBytes(found.bindings)) / (found.vault.billing.size * GIB);
}
