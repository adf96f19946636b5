/** Where would a replica go, and why not there? What can be known of a destination, on a host that replicates nothing yet. */
import { badField, fault } from "../../domain/fault.ts";
import { findProject } from "../identity/directory.ts";
import { vaultKey } from "../records/keys.ts";
import { load, vaults } from "../records/tables.ts";
import type { Services } from "../services.ts";

export interface Destination {
  readonly projectId: string;
  readonly region: string;
  readonly vaultId: string;
}

/**
 * Never returns: no region takes replicas of this version, and #52 lists none.
 * @throws Fault 9900 (this region), 6118 (a vault of this region), 1005
 */
export async function refuseDestination(s: Services, projectId: string, destination: Destination): Promise<never> {
  const { region, vaultId } = destination;
  const own = (await findProject(s.records, projectId))?.name;
  if (region === own) badField("replicate.destination_region", `must be another region than this one, ${own}`);
  const here = await load(s.records, vaults, vaultKey(vaultId));
  if (here?.projectId === projectId)
    fault("6118", `replicate.destination_vault_id: vault ${vaultId} is in this region, not in ${region}`);
  return fault(
    "1005",
    `region ${region} cannot take replicas: replication is not built yet in this version of Holdfast`,
  );
}
