/** Reading and writing entities: where each one stands in the table, and the conditional write that stores it. */
import type { z } from "zod";
import type { Item, Key, RecordStore, Write } from "../../ports/record-store.ts";
import * as E from "./entities.ts";
import * as K from "./keys.ts";
import { type Placement, parseItem, toItem, type Versioned } from "./record.ts";
import { Repository } from "./repositories.ts";
import { OpenRun } from "./runs.ts";

interface Table<T extends object> {
  readonly schema: z.ZodType<T>;
  readonly place: (entity: T) => Placement;
}

const table = <T extends object>(schema: z.ZodType<T>, place: (entity: T) => Placement): Table<T> => ({
  schema,
  place,
});

export const vaults = table(E.Vault, (vault) => ({
  key: K.vaultKey(vault.id),
  g1: K.byProject(vault.projectId, "V", vault.createdAt, vault.id),
}));

export const bindings = table(E.Binding, (binding) => ({
  key: K.bindingKey(binding.vaultId, binding.resourceId),
  g3: K.bindingByResource(binding.projectId, binding.resourceId, binding.vaultId),
}));

export const checkpoints = table(E.Checkpoint, (checkpoint) => ({ key: K.checkpointKey(checkpoint.id) }));

export const backups = table(E.Backup, (backup) => ({
  key: K.backupKey(backup.id),
  g1: K.byProject(backup.projectId, "B", backup.createdAt, backup.id),
  g2: K.byVault(backup.vaultId, "B", backup.createdAt, backup.id),
  g3: K.byResource(backup.projectId, backup.resourceId, "B", backup.createdAt, backup.id),
}));

/** Tasks stay listed for 90 days after their last change (TSK-02 asks for 30). */
const TASK_TTL_SECONDS = 90 * 24 * 3600;

export const tasks = table(E.Task, (task) => ({
  key: K.taskKey(task.id),
  g1: K.byProject(task.projectId, "T", task.createdAt, task.id),
  ...(task.vaultId !== undefined && { g2: K.byVault(task.vaultId, "T", task.createdAt, task.id) }),
  ...(task.resource !== undefined && {
    g3: K.byResource(task.projectId, task.resource.id, "T", task.createdAt, task.id),
  }),
  ...(task.endedAt !== undefined && { ttl: Math.floor(task.endedAt / 1000) + TASK_TTL_SECONDS }),
}));

/** Unit results outlive their run by this long: whoever opens a run keeps it open for days, and questions are asked later. */
export const RESULT_TTL_SECONDS = 30 * 24 * 3600;

export const runs = table(OpenRun, (run) => ({ key: K.runKey(run.domainId, run.id) }));

export const repositories = table(Repository, (repository) => ({ key: K.repositoryKey(repository.domainId) }));

type Put = Extract<Write, { op: "put" }>;

/** Reads one entity, consistently. */
export async function load<T extends object>(
  records: RecordStore,
  { schema }: { readonly schema: z.ZodType<T> },
  key: Key,
): Promise<Versioned<T> | undefined> {
  const item = await records.get(key, { consistent: true });
  return item && parseItem(schema, item);
}

/** Stores a new entity; loses to whoever made one under the same key before. */
export const insert = <T extends object>(t: Table<T>, entity: T): Put => ({
  op: "put",
  item: toItem(t.place(entity), entity, 0),
  if: "absent",
});

/** Stores a changed entity; loses to whoever changed it since it was read. */
export const replace = <T extends object>(t: Table<T>, entity: Versioned<T>): Put => ({
  op: "put",
  item: toItem(t.place(entity), entity, entity.v),
  if: { v: entity.v },
});

/** Removes an entity; loses to whoever changed it since it was read. */
export const remove = <T extends object>(t: Table<T>, entity: Versioned<T>): Write => ({
  op: "delete",
  key: t.place(entity).key,
  if: { v: entity.v },
});

/** Entities of one kind under explicit keys (members, parts, claims …): same conditions, key given by the caller. */
export const insertAt = (placement: Placement, entity: object): Put => ({
  op: "put",
  item: toItem(placement, entity, 0),
  if: "absent",
});
export const replaceAt = <T extends object>(placement: Placement, entity: Versioned<T>): Put => ({
  op: "put",
  item: toItem(placement, entity, entity.v),
  if: { v: entity.v },
});

/** Every item under a partition key and sort-key prefix, consistently, page by page. */
export async function* walkItems(records: RecordStore, pk: string, prefix: string): AsyncGenerator<Item> {
  let cursor: string | undefined;
  do {
    const page = await records.query({
      pk,
      sk: { prefix },
      limit: 500,
      consistent: true,
      ...(cursor !== undefined && { cursor }),
    });
    yield* page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** The same, parsed. */
export async function listAll<T extends object>(
  records: RecordStore,
  schema: z.ZodType<T>,
  pk: string,
  prefix: string,
): Promise<Versioned<T>[]> {
  const all: Versioned<T>[] = [];
  for await (const item of walkItems(records, pk, prefix)) all.push(parseItem(schema, item));
  return all;
}
