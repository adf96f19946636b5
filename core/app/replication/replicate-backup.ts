/** POST backups/{id}/replicate: a copy of one backup in another region. Judged and refused: replication is not built yet. */
import { fault } from "../../domain/fault.ts";
import { refuseObstacle } from "../../domain/obstacle.ts";
import { DISK } from "../../domain/resource-types.ts";
import { loadBackup } from "../backup/load-backup.ts";
import type { Caller, Services } from "../services.ts";
import { bindingNamed } from "../vaults/home.ts";
import { loadVault } from "../vaults/load-vault.ts";
import { type Destination, refuseDestination } from "./check-destination.ts";

/** @throws Fault 6200, 1003, 1001, 6112 (vault), 6134, 6130, 1004, 9900, 6118, 1005: always one of them (REP-02) */
export async function replicateBackup(
  s: Services,
  { projectId }: Caller,
  backupId: string,
  destination: Destination,
): Promise<never> {
  const backup = await loadBackup(s.records, projectId, backupId);
  if (backup.resourceType === DISK) fault("1003", `backup ${backupId} is of a disk; only servers' are replicated`);
  const vault = await loadVault(s.records, projectId, backup.vaultId);
  const binding = await bindingNamed(s.records, backup);
  const standing = { backup: backup.status, vault: vault.status, ...(binding && { resources: [binding.status] }) };
  refuseObstacle("replicate", standing, `backup ${backupId}`);
  if (backup.containSystemDisk === false) fault("1004", `backup ${backupId} has no system disk`);
  return refuseDestination(s, projectId, destination);
}
