/** PUT vaults/batch-update: one threshold and one switch for notices, for every vault of the project (#15). */
import { inBatches } from "../in-batches.ts";
import { newestVaults, VAULTS_AT_ONCE } from "../lists/list-vaults.ts";
import { vaultKey } from "../records/keys.ts";
import { load, replace, vaults } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";

/** What is absent stays. */
export interface NoticeChange {
  readonly smnNotify?: boolean | undefined;
  readonly threshold?: number | undefined;
}

/**
 * Changes every vault that the index knows, whatever its state; one that goes meanwhile is left out. Repeating it changes
 * nothing more, so a request that died half-way is simply sent again.
 * @returns ids of the vaults that are so now, the newest first
 */
export async function updateAllVaults(s: Services, caller: Caller, change: NoticeChange): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { id } of newestVaults(s, caller.projectId, undefined)) ids.push(id);
  const updated = await inBatches(ids, VAULTS_AT_ONCE, (id) => withFreshState(() => updateOne(s, id, change)));
  return updated.filter((id) => id !== undefined);
}

async function updateOne(s: Services, id: string, change: NoticeChange): Promise<string | undefined> {
  const vault = await load(s.records, vaults, vaultKey(id));
  if (vault === undefined) return undefined;
  const { smnNotify = vault.smnNotify, threshold = vault.threshold } = change;
  // Loses to any other change of the vault since it was read, and is then decided again.
  if (smnNotify !== vault.smnNotify || threshold !== vault.threshold)
    await s.records.write(replace(vaults, { ...vault, smnNotify, threshold, updatedAt: s.now() }));
  return id;
}
