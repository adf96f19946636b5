/** Binding more resources than one transaction takes: the saga's record, and how a saga that lost is undone. */
import { z } from "zod";
import type { Key, RecordStore, Write } from "../../ports/record-store.ts";
import { inBatches } from "../in-batches.ts";
import { Binding, Claim } from "../records/entities.ts";
import { bindingKey, claimKey, sagaKey, stagedKey } from "../records/keys.ts";
import { parseItem, type Versioned } from "../records/record.ts";
import { insertAt, load, replaceAt } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { RecordServices } from "../services.ts";

/**
 * Stands from before the first pending claim. The commit removes it, so what carries the id of a saga without a record is
 * bound. An aborted saga's record stays as a tombstone until nobody can still hold a row of it in hand.
 */
const Saga = z.object({
  schema: z.literal(1),
  id: z.string(),
  projectId: z.string(),
  vaultId: z.string(),
  /** `create`: bindings stand in their place, unseen because the vault's item is missing. `add`: they are staged. */
  kind: z.enum(["create", "add"]),
  resourceIds: z.array(z.string()),
  startedAt: z.number().int(),
  state: z.enum(["pending", "aborted"]),
});
export type Saga = z.infer<typeof Saga>;

/** A binding in waiting. `update`: the resource is in the vault already and gets this name, size and choice of disks. */
export const Staged = z.object({ schema: z.literal(1), saga: z.string(), update: z.boolean(), binding: Binding });
export type Staged = z.infer<typeof Staged>;

/** A saga takes seconds. One that is older than this belongs to a process that died: its claims are free. */
const SAGA_LIFE_MS = 10 * 60_000;
/** Rows that are undone together. */
const ROWS_AT_ONCE = 16;
const TOMBSTONE_SECONDS = 24 * 3600;
/** Below DynamoDB's 100 a transaction, with room for the vault and the saga. */
export const MAX_WRITES = 90;

const placed = (saga: Saga) => ({ key: sagaKey(saga.projectId, saga.id) });

export const loadSaga = (s: RecordServices, projectId: string, id: string): Promise<Versioned<Saga> | undefined> =>
  load(s.records, { schema: Saga }, sagaKey(projectId, id));

/** Records a new saga, before anything of it is written. */
export async function beginSaga(
  s: RecordServices,
  saga: Omit<Saga, "schema" | "startedAt" | "state">,
): Promise<Versioned<Saga>> {
  const begun: Saga = { ...saga, schema: 1, startedAt: s.now(), state: "pending" };
  await s.records.write(insertAt(placed(begun), begun));
  return { ...begun, v: 1 };
}

export const isStale = (saga: Saga, now: number): boolean =>
  saga.state === "aborted" || now - saga.startedAt > SAGA_LIFE_MS;

/** Goes with every chunk: after the saga was aborted nothing more of it is written. */
export const stillPending = (saga: Versioned<Saga>): Write => ({
  op: "check",
  key: placed(saga).key,
  if: { v: saga.v },
});

/** Goes with the commit; loses to an abort, and an abort loses to it. */
export const committed = (saga: Versioned<Saga>): Write => ({
  op: "delete",
  key: placed(saga).key,
  if: { v: saga.v },
});

/**
 * Undoes a saga unless it was committed: no new row first, then its rows and claims resource by resource. Safe to call from
 * several places and again after a crash.
 */
export async function abortSaga(s: RecordServices, projectId: string, id: string): Promise<"aborted" | "committed"> {
  const saga = await withFreshState(async () => {
    const found = await loadSaga(s, projectId, id);
    if (found === undefined || found.state === "aborted") return found;
    const aborted = { ...found, state: "aborted" as const };
    await s.records.write(replaceAt(placed(found), aborted));
    return { ...aborted, v: found.v + 1 };
  });
  if (saga === undefined) return "committed";
  await inBatches(saga.resourceIds, ROWS_AT_ONCE, (resourceId) => withFreshState(() => undo(s, saga, resourceId)));
  // Idempotent: the tombstone has one content, whoever writes it.
  const ttl = Math.floor(s.now() / 1000) + TOMBSTONE_SECONDS;
  await s.records.write({ ...replaceAt({ ...placed(saga), ttl }, saga), if: "any" });
  return "aborted";
}

/** A row and its claims were written by one transaction, so they go by one. */
async function undo(s: RecordServices, saga: Saga, resourceId: string): Promise<void> {
  const key = saga.kind === "create" ? bindingKey(saga.vaultId, resourceId) : stagedKey(saga.vaultId, resourceId);
  const item = await s.records.get(key, { consistent: true });
  if (item === undefined) return;
  const binding = saga.kind === "create" ? parseItem(Binding, item) : parseItem(Staged, item).binding;
  // Another saga's row may stand in the same place.
  if (saga.kind === "add" && parseItem(Staged, item).saga !== saga.id) return;
  const claims = await loadClaims(s.records, saga.projectId, [resourceId, ...binding.claimedDisks]);
  await s.records.transact([
    { op: "delete", key, if: { v: item.v } },
    ...[...claims]
      .filter(([, claim]) => claim.saga === saga.id)
      .map(([claimed, claim]) => removeClaim(saga.projectId, claimed, claim)),
  ]);
}

const KEYS_AT_ONCE = 100;

/** The claims that stand on these ids, consistently. */
export async function loadClaims(
  records: RecordStore,
  projectId: string,
  ids: readonly string[],
): Promise<Map<string, Versioned<Claim>>> {
  const claims = new Map<string, Versioned<Claim>>();
  for (let i = 0; i < ids.length; i += KEYS_AT_ONCE) {
    const some = ids.slice(i, i + KEYS_AT_ONCE);
    const keys: Key[] = some.map((id) => claimKey(projectId, id));
    const items = await records.getMany(keys, { consistent: true });
    items.forEach((item, n) => {
      const id = some[n];
      if (item !== undefined && id !== undefined) claims.set(id, parseItem(Claim, item));
    });
  }
  return claims;
}

/** Loses to whoever took the claim over. */
export const removeClaim = (projectId: string, id: string, claim: Versioned<Claim>): Write => ({
  op: "delete",
  key: claimKey(projectId, id),
  if: { v: claim.v },
});
