/** How vaults, and what they hold together, are answered (cbr-api 5.4–5.7, #17, #68). */
import { z } from "zod";
import { OBJECT_TYPES } from "../../../core/domain/resource-types.ts";
import { BINDING_STATUSES, FROZEN_SCENES, VAULT_STATUSES } from "../../../core/domain/statuses.ts";
import { count, extraInfo, id, tag, time, uuid } from "./answers.ts";

const billing = z.strictObject({
  allocated: count.meta({ description: "GB of the bound resources" }),
  used: count.meta({ description: "MB of backups, by position, before deduplication and compression" }),
  size: count.meta({ description: "GB" }),
  status: z.enum(VAULT_STATUSES),
  charging_mode: z.enum(["post_paid", "pre_paid"]),
  cloud_type: z.enum(["public", "hybrid"]),
  consistent_level: z.enum(["crash_consistent", "app_consistent"]),
  object_type: z.enum(OBJECT_TYPES),
  protect_type: z.enum(["backup", "replication", "hybrid"]),
  spec_code: z.string(),
  order_id: z.null(),
  product_id: z.null(),
  storage_unit: z.null(),
  frozen_scene: z.enum(FROZEN_SCENES).nullable(),
  is_multi_az: z.boolean(),
});

const boundResource = z.strictObject({
  id,
  type: z.string(),
  name: z.string(),
  protect_status: z.enum(BINDING_STATUSES),
  size: count.meta({ description: "GB" }),
  backup_size: count.meta({ description: "MB" }),
  backup_count: count,
  extra_info: extraInfo,
});

export const vault = z
  .strictObject({
    id: uuid,
    name: z.string(),
    description: z.string(),
    project_id: id,
    provider_id: z.string(),
    user_id: z.string(),
    created_at: time,
    updated_at: time,
    enterprise_project_id: z.string(),
    auto_bind: z.boolean(),
    bind_rules: z.union([z.strictObject({ tags: z.array(tag) }), z.strictObject({})]),
    auto_expand: z.boolean(),
    smn_notify: z.boolean(),
    threshold: z.int().min(1).max(100),
    locked: z.boolean(),
    backup_name_prefix: z.string(),
    demand_billing: z.boolean(),
    availability_zone: z.string(),
    sys_lock_source_service: z.string(),
    tags: z.array(tag),
    billing,
    resources: z.array(boundResource),
  })
  .meta({ id: "Vault" });

/** The answer to its creation alone has two more members (cbr-api 5.4). */
export const createdVault = vault.extend({ cbc_delete_count: count, frozen: z.boolean() }).meta({ id: "CreatedVault" });

export const summary = z.strictObject({
  size: count.meta({ description: "GB of all vaults" }),
  used_size: count.meta({ description: "GB of their backups, rounded up" }),
});

export const usage = z
  .strictObject({
    resource_id: id,
    resource_name: z.string(),
    resource_type: z.string(),
    backup_count: count,
    backup_size: count.meta({ description: "MB" }),
    backup_size_multiaz: count.meta({ description: "MB of it in vaults over several zones" }),
  })
  .meta({ id: "StorageUsage" });
