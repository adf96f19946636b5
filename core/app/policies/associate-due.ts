/** Before a policy's run: what does the vault take by itself, so that it is backed up in the same run (ABD-01)? */
import { vaultKey } from "../records/keys.ts";
import { loadPolicy, type PolicyLink } from "../records/policies.ts";
import { load, vaults } from "../records/tables.ts";
import type { Services } from "../services.ts";
import { associateResources } from "../vaults/associate-resources.ts";
import { findVault } from "../vaults/show-vault.ts";
import { knows } from "./points.ts";

/** What the run's row says of resources that stay unprotected. */
export interface LeftOut {
  readonly code?: string;
  readonly reason: string;
}

/**
 * Binds, and says what found no room anywhere (ABD-07). Idempotent. What goes wrong here keeps nobody's backup from being
 * made: it is logged, the row says so, and the next point tries again.
 */
export async function associateDue(s: Services, link: PolicyLink): Promise<LeftOut | undefined> {
  try {
    const vault = await load(s.records, vaults, vaultKey(link.vaultId));
    if (vault?.autoBind !== true) return undefined;
    // ABD-02. A policy that says something else by now than the link knows makes no run, and binds nothing either.
    const policy = await loadPolicy(s.records, link.projectId, link.operationType, link.policyId);
    if (policy?.enabled !== true || !knows(link, policy)) return undefined;
    const found = await findVault(s, link.projectId, link.vaultId);
    const { unplaced } = found === undefined ? { unplaced: [] } : await associateResources(s, found);
    return unplaced.length === 0 ? undefined : { code: "6142", reason: noRoomFor(unplaced) };
  } catch (error) {
    const about = { vault: link.vaultId, policy: link.policyId };
    s.log({ level: "error", text: "automatic association failed", ...about, error: String(error) });
    return { reason: "unprotected resources could not be looked for: the log says why" };
  }
}

/** Names in a reason: enough to begin with. */
const NAMED = 5;

function noRoomFor(ids: readonly string[]): string {
  const more = ids.length > NAMED ? ` and ${ids.length - NAMED} more` : "";
  return `no vault has room for ${ids.slice(0, NAMED).join(", ")}${more}: they stay unprotected`;
}
