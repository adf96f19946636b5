/** A vault with what is bound in it: one consistent query, and the last step of a binding saga when one was interrupted. */
import { fault } from "../../domain/fault.ts";
import type { RecordStore, Write } from "../../ports/record-store.ts";
import { inBatches } from "../in-batches.ts";
import { Binding, type Vault } from "../records/entities.ts";
import { BINDINGS, bindingKey, STAGED, stagedKey, vaultKey } from "../records/keys.ts";
import { parseItem, type Versioned } from "../records/record.ts";
import { bindings as bindingTable, insert, load, replace, vaults, walkPages } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { RecordServices } from "../services.ts";
import { abortSaga, isStale, loadClaims, loadSaga, removeClaim, Staged } from "./sagas.ts";

/** Rows that are moved together. */
const ROWS_AT_ONCE = 16;

export interface VaultWithBindings {
  readonly vault: Versioned<Vault>;
  /** In id order. */
  readonly bindings: readonly Versioned<Binding>[];
}

/** @throws Fault 6105 when the project has no such vault */
export async function showVault(s: RecordServices, projectId: string, vaultId: string): Promise<VaultWithBindings> {
  const found = await findVault(s, projectId, vaultId);
  return found ?? fault("6105", `vault ${vaultId} does not exist`);
}

/** The same for lists: undefined when the project has no such vault. */
export async function findVault(
  s: RecordServices,
  projectId: string,
  vaultId: string,
): Promise<VaultWithBindings | undefined> {
  const read = await readVault(s.records, vaultId);
  if (read === undefined || read.vault.projectId !== projectId) return undefined;
  // A vault that is being deleted takes nothing any more: what waits in it goes with it.
  const takes = read.vault.status === "available" || read.vault.status === "frozen";
  if (read.staged.length === 0 || !takes) return read;
  return (await settle(s, projectId, read.staged)) ? readVault(s.records, vaultId) : read;
}

async function readVault(
  records: RecordStore,
  vaultId: string,
): Promise<(VaultWithBindings & { readonly staged: readonly Staged[] }) | undefined> {
  let vault: Versioned<Vault> | undefined;
  const bound: Versioned<Binding>[] = [];
  const staged: Staged[] = [];
  // Page by page, not row by row: clients look at vaults again and again while they wait, and each `await` of a row counts.
  for await (const items of walkPages(records, { pk: vaultKey(vaultId).pk, limit: 1000 }))
    for (const item of items) {
      if (item.sk === vaultKey(vaultId).sk) vault = parseItem(vaults.schema, item);
      else if (item.sk.startsWith(BINDINGS)) bound.push(parseItem(Binding, item));
      else if (item.sk.startsWith(STAGED)) staged.push(parseItem(Staged, item));
    }
  return vault && { vault, bindings: bound, staged };
}

/**
 * Moves the rows of committed sagas to their places. Whoever looks at the vault does it, so that nobody ever sees one half
 * of a request: until here no reader knows these bindings, and the answer that is given after it shows all of them.
 * @returns whether anything was moved
 */
export async function settle(s: RecordServices, projectId: string, staged: readonly Staged[]): Promise<boolean> {
  const done = new Set<string>();
  for (const id of new Set(staged.map((row) => row.saga))) {
    const saga = await loadSaga(s, projectId, id);
    if (saga === undefined) done.add(id);
    // What a dead process left behind is cleared away by whoever comes across it.
    else if (isStale(saga, s.now())) await abortSaga(s, projectId, id);
  }
  const ready = staged.filter((row) => done.has(row.saga));
  await inBatches(ready, ROWS_AT_ONCE, ({ binding }) =>
    withFreshState(() => move(s, binding.vaultId, binding.resourceId)),
  );
  return ready.length > 0;
}

/** Loses to another reader who moves the same row, and to whoever changes the binding; then looks again. */
async function move(s: RecordServices, vaultId: string, resourceId: string): Promise<void> {
  const key = stagedKey(vaultId, resourceId);
  const item = await s.records.get(key, { consistent: true });
  if (item === undefined) return;
  const { binding, update } = parseItem(Staged, item);
  const current = await load(s.records, bindingTable, bindingKey(vaultId, resourceId));
  const gone: Write = { op: "delete", key, if: { v: item.v } };
  if (current === undefined) {
    // An update whose binding was removed meanwhile has nothing to change any more, and what it claimed is free.
    if (update) await s.records.transact([gone, ...(await releases(s, binding, binding.claimedDisks))]);
    else await s.records.transact([gone, insert(bindingTable, binding)]);
    return;
  }
  const { name, size, extraInfo, claimedDisks } = binding;
  const lost = current.claimedDisks.filter((id) => !claimedDisks.includes(id));
  await s.records.transact([
    gone,
    replace(bindingTable, { ...current, name, size, extraInfo, claimedDisks }),
    ...(await releases(s, current, lost)),
  ]);
}

/** Frees disks that are no longer reached through a binding. */
export async function releases(s: RecordServices, binding: Binding, disks: readonly string[]): Promise<Write[]> {
  const claims = await loadClaims(s.records, binding.projectId, disks);
  return [...claims]
    .filter(([, claim]) => claim.vaultId === binding.vaultId && claim.via === binding.resourceId)
    .map(([id, claim]) => removeClaim(binding.projectId, id, claim));
}
