/** PUT backups/{id}: gives a backup another name; its disks' names follow. */
import { badField } from "../../domain/fault.ts";
import { backups, replace } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { findParent, loadBackup } from "./load-backup.ts";

/** @throws Fault 6200; 9900 for a disk of a server backup and for a backup that is being deleted */
export const renameBackup = (s: Services, caller: Caller, backupId: string, name: string): Promise<void> =>
  withFreshState(async () => {
    const parent = await findParent(s.records, backupId);
    const backup = await loadBackup(s.records, caller.projectId, parent ?? backupId);
    if (parent !== undefined) badField("backup.name", `${backupId} is named after its server backup ${parent}`);
    if (backup.status === "deleting") badField("backup.name", "the backup is being deleted");
    // Loses to whoever changes the backup meanwhile, and is then decided again.
    await s.records.write(replace(backups, { ...backup, name, updatedAt: s.now() }));
  });
