/** How a backup looks on the wire (cbr-api 5.9, 5.10). */
import type { ShownBackup } from "../../../core/app/lists/show-backup.ts";
import { DISK, providerOfResource, SERVER } from "../../../core/domain/resource-types.ts";
import { wholeGb, wireTime } from "../../../core/domain/values.ts";

const timeOrNull = (at: number | undefined) => (at === undefined ? null : wireTime(at));

/** Children of a server backup are shown by GET of one backup; lists give `[]` (cbr-api 5.9). */
export function backupView(shown: ShownBackup, children: readonly ShownBackup[] = []): object {
  const { backup } = shown;
  return {
    id: shown.id,
    name: shown.name,
    description: backup.description,
    status: backup.status,
    image_type: "backup",
    incremental: backup.incremental,
    version: 3,
    checkpoint_id: backup.checkpointId,
    vault_id: backup.vaultId,
    project_id: backup.projectId,
    provider_id: providerOfResource(shown.resourceType),
    resource_id: shown.resourceId,
    resource_name: shown.resourceName,
    resource_type: shown.resourceType,
    resource_az: null,
    resource_size: wholeGb(shown.resourceSize),
    enterprise_project_id: backup.enterpriseProjectId,
    parent_id: shown.parentId ?? null,
    created_at: wireTime(backup.createdAt),
    updated_at: wireTime(backup.updatedAt),
    protected_at: timeOrNull(backup.protectedAt),
    expired_at: timeOrNull(backup.expiredAt),
    replication_records: [],
    extend_info: {
      auto_trigger: backup.autoTrigger,
      bootable: shown.bootable ?? null,
      system_disk: shown.resourceType === DISK && shown.bootable === true,
      contain_system_disk: shown.resourceType === SERVER && backup.containSystemDisk === true,
      encrypted: shown.encrypted,
      incremental: backup.incremental,
      snapshot_id: null,
      support_lld: false,
      supported_restore_mode: backup.status === "available" ? "backup" : "na",
      os_images_data: null,
      architecture: null,
      progress: null,
      is_multi_az: false,
      app_consistency: null,
    },
    children: children.map((child) => backupView(child)),
  };
}
