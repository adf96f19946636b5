/** Who holds a resource of this host: why it must not be forgotten. */
import { readDirectory } from "../identity/directory.ts";
import { defaultDomain } from "../repository/keyring.ts";
import { openRuns } from "../repository/open-runs.ts";
import type { RecordServices } from "../services.ts";
import { ClaimJudge } from "../vaults/claims.ts";
import { loadClaims } from "../vaults/sagas.ts";
import { findVault } from "../vaults/show-vault.ts";

/**
 * A sentence that names the vault or the work that holds the resource, or undefined when nothing does. All projects are asked,
 * the caller's first: they share the resources of the host.
 */
export async function holderOf(s: RecordServices, projectId: string, resourceId: string): Promise<string | undefined> {
  const { projects } = await readDirectory(s.records);
  for (const id of new Set([projectId, ...projects.map((project) => project.id)])) {
    const holder = (await boundIn(s, id, resourceId)) ?? (await usedBy(s, id, resourceId));
    if (holder !== undefined) return holder;
  }
  return undefined;
}

async function boundIn(s: RecordServices, projectId: string, resourceId: string): Promise<string | undefined> {
  const claim = (await loadClaims(s.records, projectId, [resourceId])).get(resourceId);
  if (claim === undefined) return undefined;
  const holding = await new ClaimJudge(s, projectId).judge(claim);
  if (holding === "free") return undefined;
  if (holding === "pending") return "it is being bound to a vault";
  const name = (await findVault(s, projectId, claim.vaultId))?.vault.name;
  const through = claim.via === resourceId ? "" : ` with server ${claim.via}`;
  return `it is in vault ${name ?? "?"} (${claim.vaultId})${through}; remove it there first`;
}

/** A restore may write to a disk that no vault holds. */
async function usedBy(s: RecordServices, projectId: string, resourceId: string): Promise<string | undefined> {
  const { runs } = await openRuns(s.records, defaultDomain(projectId));
  const run = runs.find(
    ({ resourceId: own, disks }) =>
      own === resourceId || disks.some((d) => d.diskId === resourceId || d.target?.diskId === resourceId),
  );
  return run && `a ${run.kind} is working on it (task ${run.taskId})`;
}
