/**
 * Reading and writing entities: where each one stands in the table, and the conditional write that stores it. What has states is
 * written by legal transitions only, whoever writes it: anything else throws before it is stored.
 */
import type { z } from "zod";
import { BACKUP, checkMove, type Machine, MEMBER, RESOURCE, TASK, VAULT } from "../../domain/state-machines.ts";
import type { Item, Key, Query, RecordStore, Write } from "../../ports/record-store.ts";
import * as E from "./entities.ts";
import * as K from "./keys.ts";
import { AS_READ, type Placement, parseItem, toItem, type Versioned } from "./record.ts";
import { Repository } from "./repositories.ts";
import { OpenRun } from "./runs.ts";

interface Table<T extends object> {
  readonly schema: z.ZodType<T>;
  readonly place: (entity: T) => Placement;
  /** Throws unless something that was `from` may become `to`; undefined = is not there. */
  readonly judge?: (from: T | undefined, to: T | undefined) => void;
}

/** Which transitions of a status are legal. */
const states =
  <S extends string>(machine: Machine<S, string>) =>
  (from: { readonly status: S } | undefined, to: { readonly status: S } | undefined): void =>
    checkMove(machine, from?.status, to?.status);

const table = <T extends object>(
  schema: z.ZodType<T>,
  place: (entity: T) => Placement,
  judge?: Table<T>["judge"],
): Table<T> => ({ schema, place, ...(judge && { judge }) });

export const vaults = table(
  E.Vault,
  (vault) => ({
    key: K.vaultKey(vault.id),
    g1: K.byProject(vault.projectId, "V", vault.createdAt, vault.id),
  }),
  states(VAULT),
);

export const bindings = table(
  E.Binding,
  (binding) => ({
    key: K.bindingKey(binding.vaultId, binding.resourceId),
    g3: K.bindingByResource(binding.projectId, binding.resourceId, binding.vaultId),
  }),
  states(RESOURCE),
);

export const checkpoints = table(E.Checkpoint, (checkpoint) => ({ key: K.checkpointKey(checkpoint.id) }));

export const backups = table(
  E.Backup,
  (backup) => ({
    key: K.backupKey(backup.id),
    g1: K.byProject(backup.projectId, "B", backup.createdAt, backup.id),
    g2: K.byVault(backup.vaultId, "B", backup.createdAt, backup.id),
    g3: K.byResource(backup.projectId, backup.resourceId, "B", backup.createdAt, backup.id),
  }),
  states(BACKUP),
);

/** Tasks stay listed for 90 days after their last change (TSK-02 asks for 30). */
const TASK_TTL_SECONDS = 90 * 24 * 3600;

export const tasks = table(
  E.Task,
  (task) => ({
    key: K.taskKey(task.id),
    g1: K.byProject(task.projectId, "T", task.createdAt, task.id),
    ...(task.vaultId !== undefined && { g2: K.byVault(task.vaultId, "T", task.createdAt, task.id) }),
    ...(task.resource !== undefined && {
      g3: K.byResource(task.projectId, task.resource.id, "T", task.createdAt, task.id),
    }),
    ...(task.endedAt !== undefined && { ttl: Math.floor(task.endedAt / 1000) + TASK_TTL_SECONDS }),
  }),
  states(TASK),
);

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

/** Stores a new entity; loses to whoever made one under the same key before. @throws Error: a defect, no thing begins so */
export function insert<T extends object>(t: Table<T>, entity: T): Put {
  t.judge?.(undefined, entity);
  return { op: "put", item: toItem(t.place(entity), entity, 0), if: "absent" };
}

/** Stores a changed entity; loses to whoever changed it since it was read. @throws Error: a defect, an illegal transition */
export function replace<T extends object>(t: Table<T>, entity: Versioned<T>): Put {
  t.judge?.(asRead(entity), entity);
  return { op: "put", item: toItem(t.place(entity), entity, entity.v), if: { v: entity.v } };
}

/** Removes an entity; loses to whoever changed it since it was read. @throws Error: a defect, nothing goes in this state */
export function remove<T extends object>(t: Table<T>, entity: Versioned<T>): Write {
  t.judge?.(asRead(entity), undefined);
  return { op: "delete", key: t.place(entity).key, if: { v: entity.v } };
}

/** The condition on `v` makes this what stands in the table when the write wins. */
function asRead<T extends object>(entity: Versioned<T>): T {
  const read = entity[AS_READ];
  if (read === undefined) throw new Error("a thing with states is changed without having been read");
  return read;
}

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

/** A member of a checkpoint, new or changed. @throws Error: a defect, an illegal transition */
export function putMember(checkpointId: string, member: E.Member | Versioned<E.Member>): Put {
  const place = { key: K.memberKey(checkpointId, member.resourceId) };
  const read = AS_READ in member ? member[AS_READ] : undefined;
  checkMove(MEMBER, read?.status, member.status);
  return "v" in member ? replaceAt(place, member) : insertAt(place, member);
}

/** The pages of a query, consistently, until none is left. */
export async function* walkPages(
  records: RecordStore,
  query: Pick<Query, "pk" | "sk" | "limit">,
): AsyncGenerator<readonly Item[]> {
  let cursor: string | undefined;
  do {
    const page = await records.query({ ...query, consistent: true, ...(cursor !== undefined && { cursor }) });
    yield page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** Every item under a partition key and sort-key prefix, consistently, page by page. */
export async function* walkItems(records: RecordStore, pk: string, prefix: string): AsyncGenerator<Item> {
  for await (const items of walkPages(records, { pk, sk: { prefix }, limit: 500 })) yield* items;
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
