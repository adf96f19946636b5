/** Replication and import from on-premises appliances (cbr-api #32, #33, #39, #41): judged, then refused; neither is built yet. */
import { replicateBackup } from "../../core/app/replication/replicate-backup.ts";
import { replicateVault } from "../../core/app/replication/replicate-vault.ts";
import type { Services } from "../../core/app/services.ts";
import { loadVault } from "../../core/app/vaults/load-vault.ts";
import { fault } from "../../core/domain/fault.ts";
import { parseBody } from "./kit/fields.ts";
import type { Handler } from "./kit/request.ts";
import { refusal } from "./kit/wire-errors.ts";
import { replicateBackupBody, replicateVaultBody, syncBackupsBody, syncVaultBody } from "./schemas/replication.ts";

export const copyCheckpoint: Handler<Services> = async ({ body, caller, profile }, services) => {
  const { vaultId, destination } = parseBody(replicateVaultBody, body);
  return replicateVault(services, caller, vaultId, destination, profile);
};

export const copyBackup: Handler<Services> = async ({ body, caller, path }, services) => {
  const destination = parseBody(replicateBackupBody, body);
  return replicateBackup(services, caller, path.backup_id ?? "", destination);
};

/** Nothing writes into a hybrid vault here, so no vault has anything to synchronise (HYB-04). */
export const importCheckpoint: Handler<Services> = async ({ body, projectId }, services) => {
  const vault = await loadVault(services.records, projectId, parseBody(syncVaultBody, body));
  const why =
    vault.billing.cloudType === "hybrid"
      ? "hybrid backup is not built yet in this version of Holdfast"
      : "it is no hybrid vault";
  return fault("7300", `vault ${vault.id} cannot be synchronised: ${why}`);
};

export const importBackup: Handler<Services> = async ({ body }) => {
  parseBody(syncBackupsBody, body);
  return refusal(
    501,
    "BackupService.9910",
    "importing on-premises backups is not built yet in this version of Holdfast",
  );
};
