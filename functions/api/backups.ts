/** The API's backup operations (cbr-api #34–#38, #40). */
import { renameBackup } from "../../core/app/backup/rename-backup.ts";
import { startDeleteBackup } from "../../core/app/delete/start-delete-backup.ts";
import { BACKUP_SORT_KEYS, listBackups as list } from "../../core/app/lists/list-backups.ts";
import { showBackup as show } from "../../core/app/lists/show-backup.ts";
import { showMetadata } from "../../core/app/lists/show-metadata.ts";
import { startRestore } from "../../core/app/restore/start-restore.ts";
import type { Services } from "../../core/app/services.ts";
import { checkProfile } from "../../core/domain/profile.ts";
import { enterpriseProject } from "./enterprise-project.ts";
import { parseBody } from "./kit/fields.ts";
import { flagOf, instantOf, integerOf, oneOf, pageOf, sortOf } from "./kit/list-query.ts";
import type { ApiRequest, Handler } from "./kit/request.ts";
import { renameBackupBody, restoreBody } from "./schemas/backups.ts";
import { backupView } from "./views/backup.ts";
import { metadataView } from "./views/metadata.ts";

const backupId = ({ path }: ApiRequest): string => path.backup_id ?? "";

export const listBackups: Handler<Services> = async ({ query, projectId }, services) => {
  const { limit, offset, marker } = pageOf(query);
  const filter = {
    ids: query.values("id"),
    checkpointId: query.get("checkpoint_id"),
    parentId: query.get("parent_id"),
    vaultId: query.get("vault_id"),
    resourceId: query.get("resource_id"),
    statuses: query.values("status"),
    name: query.get("name"),
    imageType: query.get("image_type"),
    resourceName: query.get("resource_name"),
    resourceType: query.get("resource_type"),
    resourceAz: query.get("resource_az"),
    from: instantOf(query, "start_time"),
    to: instantOf(query, "end_time"),
    enterpriseProjectId: enterpriseProject(query),
    ownType: oneOf(query, "own_type", ["private", "shared", "all_granted"]),
    usedPercent: integerOf(query, "used_percent", 1, 100),
    incremental: flagOf(query, "incremental"),
  };
  const sort = sortOf(query, BACKUP_SORT_KEYS);
  const { rows, count } = await list(services, projectId, filter, { limit, offset, marker, sort });
  return { status: 200, body: { backups: rows.map((row) => backupView(row)), count, limit, offset } };
};

export const showBackup: Handler<Services> = async (request, services) => {
  const { shown, children } = await show(services, request.projectId, backupId(request));
  return { status: 200, body: { backup: backupView(shown, children) } };
};

export const updateBackup: Handler<Services> = async (request, services) => {
  const name = parseBody(renameBackupBody, request.body);
  checkProfile(request.profile, "backup", { name });
  await renameBackup(services, request.caller, backupId(request), name);
  return showBackup(request, services);
};

export const deleteBackup: Handler<Services> = async (request, services) => {
  await startDeleteBackup(services, request.caller, backupId(request));
  return { status: 204 };
};

/** 202 with the task's id: clients poll it (D-13). */
export const restoreBackup: Handler<Services> = async (request, services) => {
  const ask = parseBody(restoreBody, request.body);
  const { taskId } = await startRestore(services, request.caller, backupId(request), ask);
  return { status: 202, body: { job_id: taskId } };
};

export const showBackupMetadata: Handler<Services> = async (request, services) => {
  const metadata = await showMetadata(services, request.projectId, backupId(request));
  return { status: 200, body: metadataView(backupId(request), metadata) };
};
