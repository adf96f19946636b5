/** A vault of the caller's project with everything bound in it, read consistently by one query. */
import { fault } from "../../domain/fault.ts";
import type { RecordStore } from "../../ports/record-store.ts";
import { Binding, type Vault } from "../records/entities.ts";
import { BINDINGS, vaultKey } from "../records/keys.ts";
import type { Versioned } from "../records/record.ts";
import { listAll, load, vaults } from "../records/tables.ts";

/** @throws Fault 6105 when the project has no such vault */
export async function loadVault(records: RecordStore, projectId: string, vaultId: string): Promise<Versioned<Vault>> {
  const vault = await load(records, vaults, vaultKey(vaultId));
  if (vault === undefined || vault.projectId !== projectId) return fault("6105", `vault ${vaultId} does not exist`);
  return vault;
}

export const loadBindings = (records: RecordStore, vaultId: string): Promise<Versioned<Binding>[]> =>
  listAll(records, Binding, vaultKey(vaultId).pk, BINDINGS);

/** Positional bytes of everything in the vault: the sum over its resources (CAP-01). */
export const usedBytes = (bound: readonly Binding[]): number => bound.reduce((sum, b) => sum + b.used, 0);
