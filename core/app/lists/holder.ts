/** Which vault holds a resource: why it must not be forgotten. */

import type { RecordServices } from "../services.ts";
import { ClaimJudge } from "../vaults/claims.ts";
import { loadClaims } from "../vaults/sagas.ts";
import { findVault } from "../vaults/show-vault.ts";

/** A sentence that names the vault, or undefined when nothing holds the resource. */
export async function holderOf(s: RecordServices, projectId: string, resourceId: string): Promise<string | undefined> {
  const claim = (await loadClaims(s.records, projectId, [resourceId])).get(resourceId);
  if (claim === undefined) return undefined;
  const holding = await new ClaimJudge(s, projectId).judge(claim);
  if (holding === "free") return undefined;
  if (holding === "pending") return "it is being bound to a vault";
  const name = (await findVault(s, projectId, claim.vaultId))?.vault.name;
  const through = claim.via === resourceId ? "" : ` with server ${claim.via}`;
  return `it is in vault ${name ?? "?"} (${claim.vaultId})${through}; remove it there first`;
}
