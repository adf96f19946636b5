/** How backups and checkpoints are answered (cbr-api 5.9–5.12, #40). */
import { z } from "zod";
import { count, id, time, timeOrNull, uuid } from "./answers.ts";

const extendInfo = z.strictObject({
  auto_trigger: z.boolean(),
  bootable: z.boolean().nullable(),
  system_disk: z.boolean(),
  contain_system_disk: z.boolean(),
  encrypted: z.boolean(),
  incremental: z.boolean(),
  snapshot_id: z.null(),
  support_lld: z.boolean(),
  supported_restore_mode: z.enum(["na", "backup", "snapshot"]),
  os_images_data: z.null(),
  architecture: z.null(),
  progress: z.null(),
  is_multi_az: z.boolean(),
  app_consistency: z.null(),
});

const one = {
  id: uuid,
  name: z.string(),
  description: z.string(),
  status: z.enum(["protecting", "available", "restoring", "deleting", "error"]),
  image_type: z.enum(["backup", "replication"]),
  incremental: z.boolean(),
  version: z.literal(3),
  checkpoint_id: uuid,
  vault_id: uuid,
  project_id: id,
  provider_id: z.string(),
  resource_id: id,
  resource_name: z.string(),
  resource_type: z.string(),
  resource_az: z.null(),
  resource_size: count.meta({ description: "GB" }),
  enterprise_project_id: z.string(),
  created_at: time,
  updated_at: time,
  protected_at: timeOrNull,
  expired_at: timeOrNull,
  replication_records: z.array(z.never()),
  extend_info: extendInfo,
} as const;

const child = z.strictObject({ ...one, parent_id: uuid, children: z.array(z.never()) }).meta({ id: "DiskOfBackup" });
export const backup = z
  .strictObject({ ...one, parent_id: uuid.nullable(), children: z.array(child) })
  .meta({ id: "Backup" });

/** A number as text: Go clients decode these members as strings (cbr-api D-10). */
const numeral = z.string().regex(/^\d+$/);

export const checkpoint = z
  .strictObject({
    id: uuid,
    project_id: id,
    status: z.enum(["protecting", "available", "error"]),
    created_at: time,
    extra_info: z
      .strictObject({ name: z.string(), description: z.string(), retention_duration: z.int().min(-1) })
      .nullable()
      .meta({ description: "repeats the request in the answer to it, null later" }),
    vault: z.strictObject({
      id: uuid,
      name: z.string(),
      provider_id: z.string(),
      resources: z.array(
        z.strictObject({
          id,
          type: z.string(),
          name: z.string(),
          protect_status: z.enum(["protecting", "available", "error", "deleted"]),
          resource_size: numeral,
          backup_size: numeral,
          backup_count: numeral,
          extra_info: z.null(),
        }),
      ),
      skipped_resources: z.array(
        z.strictObject({ id, type: z.string(), name: z.string(), code: z.string(), reason: z.string() }),
      ),
    }),
  })
  .meta({ id: "Checkpoint" });

const json = z.string().meta({ description: "JSON as text" });
export const metadata = z
  .strictObject({
    backup_id: uuid,
    backups: json,
    flavor: json,
    server: json,
    interface: json,
    floatingips: z.array(json),
    ports: z.array(json),
    volumes: z.array(json),
  })
  .meta({ id: "BackupMetadata" });
