/** POST checkpoints/replicate: copies of a vault's backups in another region. Judged and refused: replication is not built yet. */
import { fault } from "../../domain/fault.ts";
import { refuseObstacle } from "../../domain/obstacle.ts";
import { checkReplicated, type Profile } from "../../domain/profile.ts";
import type { Caller, Services } from "../services.ts";
import { showVault } from "../vaults/show-vault.ts";
import { type Destination, refuseDestination } from "./check-destination.ts";

/**
 * A backup that is running in it is no obstacle: that one is left out (CCY 23.1).
 * @throws Fault 6105, 6128, 6112, 6134, 6130, 6122, 0001, 9900, 6118, 1005: always one of them
 */
export async function replicateVault(
  s: Services,
  { projectId }: Caller,
  vaultId: string,
  destination: Destination,
  profile: Profile,
): Promise<never> {
  const { vault, bindings } = await showVault(s, projectId, vaultId);
  const { protectType, objectType } = vault.billing;
  if (protectType === "replication") fault("6128", `vault ${vaultId} holds replicas, which are not replicated on`);
  refuseObstacle("replicate", { vault: vault.status, resources: bindings.map(({ status }) => status) });
  checkReplicated(profile, vaultId, objectType);
  if (bindings.every(({ backups }) => backups === 0)) fault("0001", `vault ${vaultId} has no backup to replicate`);
  return refuseDestination(s, projectId, destination);
}
