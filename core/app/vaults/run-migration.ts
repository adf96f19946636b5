/** The rest of a migration: the backups of a resource follow it to its new vault, and then it takes work again (VLT-42). */
import { next, RESOURCE, TASK } from "../../domain/state-machines.ts";
import type { Key } from "../../ports/record-store.ts";
import { withoutLease } from "../backup/seal-run.ts";
import { inBatches } from "../in-batches.ts";
import { Backup, type Binding, Part, type Task } from "../records/entities.ts";
import {
  backupKey,
  bindingKey,
  byResource,
  chainKey,
  dueKey,
  PARTS,
  partKey,
  taskKey,
  vaultKey,
} from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import { backups, bindings, insertAt, listAll, load, replace, tasks, vaults } from "../records/tables.ts";
import { findLink } from "../repository/chain.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { shardOf } from "../time/due.ts";

/** A request does its share in half of that. */
const FIRST_LOOK_MS = 60_000;
/** Each is one transaction of up to 50 writes. */
const BACKUPS_AT_ONCE = 8;
const ROWS_AT_ONCE = 100;

/** Where the tick finds a migration whose request did not finish it. */
export const migrationDue = ({ id, createdAt }: Pick<Task, "id" | "createdAt">): Key =>
  dueKey(shardOf(id), createdAt + FIRST_LOOK_MS, "migrate", id);

/**
 * Moves up to `most` backups. Idempotent: what has moved stays, and several may do it at once. Nothing else touches these
 * backups and their chains meanwhile: backups, restores, deletions and removals are refused while the binding is migrating.
 * @returns whether the migration has ended, in the same transaction as its task
 */
export async function continueMigration(
  s: Services,
  { taskId, most }: { readonly taskId: string; readonly most: number },
): Promise<boolean> {
  const task = await load(s.records, tasks, taskKey(taskId));
  if (task?.status !== "running" || task.resource === undefined || task.target === undefined) {
    // It has ended, and the row that asks for it goes with it: nobody writes another one.
    if (task !== undefined) await s.records.write({ op: "delete", key: migrationDue(task), if: "any" });
    return true;
  }
  const key = bindingKey(task.target.id, task.resource.id);
  const binding = await load(s.records, bindings, key);
  if (binding?.migration === undefined || binding.lease?.holder !== taskId)
    throw new Error(`resource ${task.resource.id} is not migrating to vault ${task.target.id} any more`);
  if (!(await moveBackups(s, binding, binding.migration.from, most))) return false;
  await withFreshState(() => finish(s, taskId, key));
  return true;
}

/**
 * The index may lag, the binding's count does not: only the count says that all have followed.
 * @returns whether they have
 */
async function moveBackups(s: Services, binding: Binding, from: string, most: number): Promise<boolean> {
  const { projectId, vaultId, resourceId } = binding;
  const enterpriseProjectId = (await load(s.records, vaults, vaultKey(vaultId)))?.enterpriseProjectId;
  let left = most;
  let here = 0;
  let cursor: string | undefined;
  do {
    const page = await s.records.query({
      index: "g3",
      pk: byResource(projectId, resourceId, "B", 0, "").pk,
      limit: ROWS_AT_ONCE,
      ...(cursor !== undefined && { cursor }),
    });
    const keys = page.items.map(({ body }) => backupKey(String(body.id)));
    const rows = keys.length === 0 ? [] : await s.records.getMany(keys, { consistent: true });
    const found = rows.flatMap((item) => (item === undefined ? [] : [parseItem(Backup, item)]));
    here += found.filter((backup) => backup.vaultId === vaultId).length;
    const waiting = found.filter((backup) => backup.vaultId === from).slice(0, left);
    await inBatches(waiting, BACKUPS_AT_ONCE, ({ id }) =>
      withFreshState(() => moveOne(s, id, { from, to: vaultId, enterpriseProjectId })),
    );
    here += waiting.length;
    left -= waiting.length;
    cursor = page.cursor;
  } while (cursor !== undefined && left > 0);
  return here >= binding.backups;
}

interface Move {
  readonly from: string;
  readonly to: string;
  readonly enterpriseProjectId: string | undefined;
}

/** One backup with its places in the chains of its disks: what each adds to its predecessor stays the same. */
async function moveOne(s: Services, id: string, { from, to, enterpriseProjectId }: Move): Promise<void> {
  const backup = await load(s.records, backups, backupKey(id));
  if (backup?.vaultId !== from) return;
  const parts = await listAll(s.records, Part, partKey(id, "").pk, PARTS);
  const links = await Promise.all(
    parts.map(async (part) => ({ diskId: part.diskId, link: await findLink(s, backup, part) })),
  );
  // Loses to another process that moves the same backup; then it is found moved.
  await s.records.transact([
    replace(backups, { ...backup, vaultId: to, ...(enterpriseProjectId !== undefined && { enterpriseProjectId }) }),
    ...links.flatMap(({ diskId, link }) =>
      link === undefined
        ? []
        : [
            { op: "delete" as const, key: chainKey(from, diskId, link.at, link.partId), if: { v: link.v } },
            insertAt({ key: chainKey(to, diskId, link.at, link.partId) }, link),
          ],
    ),
  ]);
}

/** Loses to another process that ends the same migration; then it is found ended. */
async function finish(s: Services, taskId: string, key: Key): Promise<void> {
  const task = await load(s.records, tasks, taskKey(taskId));
  const binding = await load(s.records, bindings, key);
  if (task?.status !== "running" || binding?.migration === undefined || binding.lease?.holder !== taskId) return;
  const { migration, ...rest } = withoutLease(binding);
  const now = s.now();
  await s.records.transact([
    replace(bindings, {
      ...rest,
      status: next(RESOURCE, binding.status, migration?.status === "error" ? "arriveBroken" : "arrive"),
    }),
    replace(tasks, { ...task, status: next(TASK, task.status, "success"), endedAt: now, updatedAt: now }),
    { op: "delete", key: migrationDue(task), if: "any" },
  ]);
}
