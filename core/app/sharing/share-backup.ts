/** POST backups/{id}/members: offers a backup to other projects. Judged and refused: sharing is not built yet. */
import { fault } from "../../domain/fault.ts";
import { refuseObstacle } from "../../domain/obstacle.ts";
import { checkRecipients } from "../../domain/sharing.ts";
import { findProject } from "../identity/directory.ts";
import { showBackup } from "../lists/show-backup.ts";
import type { Caller, Services } from "../services.ts";
import { loadVault } from "../vaults/load-vault.ts";

/** @throws Fault 6200, 6701, 6703, 6704, 6707, 6702, 6712: always one of them */
export async function shareBackup(
  s: Services,
  { projectId }: Caller,
  backupId: string,
  recipients: readonly string[],
): Promise<never> {
  const { backup, shown } = await showBackup(s, projectId, backupId);
  checkRecipients(projectId, recipients);
  if (shown.parentId !== undefined)
    fault("6707", `backup ${backupId} is one disk of the server backup ${shown.parentId}: that one is shared, or none`);
  const { status } = await loadVault(s.records, projectId, backup.vaultId);
  refuseObstacle("share", { backup: backup.status, vault: status }, `backup ${backupId}`);
  for (const [n, id] of recipients.entries())
    if ((await findProject(s.records, id)) === undefined) fault("6704", `members[${n}]: there is no project ${id}`);
  return fault("6707", `backup ${backupId} cannot be shared: sharing is not built yet in this version of Holdfast`);
}
