/** Which bodies the vault operations take (cbr-api 5.1–5.3, 5.6), and what they mean inside. */
import { z } from "zod";
import type { VaultDraft } from "../../../core/app/vaults/create-vault.ts";
import type { ResourceAsk } from "../../../core/app/vaults/plan-bindings.ts";
import type { VaultChange } from "../../../core/app/vaults/update-vault.ts";
import { badField, fault } from "../../../core/domain/fault.ts";
import { OBJECT_TYPES } from "../../../core/domain/resource-types.ts";
import { descriptionField, nameField, resourceIdField, tagField } from "../kit/fields.ts";

/** Absent, null and a default are one to clients that write every member of a struct. */
const flag = (standard: boolean) =>
  z
    .boolean()
    .nullish()
    .transform((value) => value ?? standard);
const text = (most: number) =>
  z
    .string()
    .max(most)
    .nullish()
    .transform((value) => value ?? "");
const threshold = z.number().int().min(1).max(100);

/** A tag without a value has an empty one. */
export const looseTag = z.object({
  key: tagField.shape.key,
  value: z
    .string()
    .nullish()
    .transform((value) => value ?? "")
    .pipe(tagField.shape.value),
});
const tags = z
  .array(looseTag)
  .nullish()
  .transform((list) => list ?? []);
/** `{}`, `null` and `{"tags": []}` all mean: no rules (clients.md 2.1). */
const bindRules = z.object({ tags }).transform((rules) => rules.tags);

const volumeIds = z.array(resourceIdField).max(256);
/** `exclude_volumes` and `include_volumes` as they are stored and shown: what was not sent stays absent. */
export const extraInfo = z
  .object({
    exclude_volumes: volumeIds.nullish(),
    include_volumes: z
      .array(z.object({ id: resourceIdField, os_version: z.string().max(64).nullish() }))
      .max(256)
      .nullish(),
  })
  .nullish()
  .transform((info) => ({
    ...(info?.exclude_volumes != null && { exclude_volumes: info.exclude_volumes }),
    ...(info?.include_volumes != null && {
      include_volumes: info.include_volumes.map(({ id, os_version }) => ({
        id,
        ...(os_version != null && { os_version }),
      })),
    }),
  }));

const resource = z
  .object({
    id: resourceIdField,
    type: z.string().min(1).max(64),
    name: z.string().max(255).nullish(),
    extra_info: extraInfo,
  })
  .transform(
    ({ id, type, name, extra_info }): ResourceAsk => ({
      id,
      type,
      name: name === null || name === "" ? undefined : name,
      extraInfo: extra_info,
    }),
  );

/** OSC calls it `operation_type` in one release, Gopher sends "" for a level that was left out (D-5, cbr-api 11.3). */
const billing = z
  .object({
    object_type: z.enum(OBJECT_TYPES),
    protect_type: z.string().nullish(),
    operation_type: z.string().nullish(),
    consistent_level: z.enum(["crash_consistent", "app_consistent", ""]).nullish(),
    size: z.number().int(),
    cloud_type: z.enum(["public", "hybrid", ""]).nullish(),
    charging_mode: z.enum(["post_paid", "pre_paid", ""]).nullish(),
    is_multi_az: flag(false),
  })
  .transform((b) => ({
    objectType: b.object_type,
    protectType: protectType(b.protect_type ?? b.operation_type ?? ""),
    consistentLevel: b.consistent_level || ("crash_consistent" as const),
    cloudType: b.cloud_type || ("public" as const),
    chargingMode: b.charging_mode || ("post_paid" as const),
    size: b.size,
    isMultiAz: b.is_multi_az,
  }));

function protectType(word: string): "backup" | "replication" {
  if (word === "backup" || word === "replication") return word;
  return word === ""
    ? badField("vault.billing.protect_type", 'is missing: must be "backup" or "replication"')
    : fault("6116", `vault.billing.protect_type: must be "backup" or "replication", not "${word}"`);
}

/** POST vaults. `chargingMode` is for the handler: what it asks for does not exist. */
export const createVaultBody = z
  .object({
    vault: z.object({
      name: nameField,
      description: descriptionField.nullish().transform((value) => value ?? ""),
      billing,
      resources: z
        .array(resource)
        .nullish()
        .transform((list) => list ?? []),
      backup_policy_id: z.string().nullish(),
      tags,
      enterprise_project_id: z
        .string()
        .max(64)
        .nullish()
        .transform((id) => id || "0"),
      auto_bind: flag(false),
      bind_rules: bindRules.nullish().transform((rules) => rules ?? []),
      auto_expand: flag(false),
      smn_notify: flag(true),
      threshold: threshold.nullish().transform((percent) => percent ?? 80),
      locked: flag(false),
      backup_name_prefix: text(32),
      demand_billing: flag(false),
      availability_zone: text(32),
      sys_lock_source_service: z
        .enum(["SMB", ""])
        .nullish()
        .transform((value) => value ?? ""),
    }),
  })
  .transform(({ vault: v }) => {
    const { chargingMode, ...kind } = v.billing;
    const draft: VaultDraft = {
      name: v.name,
      description: v.description,
      billing: kind,
      resources: v.resources,
      tags: v.tags,
      enterpriseProjectId: v.enterprise_project_id,
      autoBind: v.auto_bind,
      bindRules: v.bind_rules,
      autoExpand: v.auto_expand,
      smnNotify: v.smn_notify,
      threshold: v.threshold,
      locked: v.locked,
      backupNamePrefix: v.backup_name_prefix,
      demandBilling: v.demand_billing,
      availabilityZone: v.availability_zone,
      sysLockSourceService: v.sys_lock_source_service,
      backupPolicyId: v.backup_policy_id || undefined,
    };
    return { draft, chargingMode };
  });

/** PUT vaults/{id}: null is "unchanged", as absent is; `bind_rules` with no tags clears them. */
export const updateVaultBody = z
  .object({
    vault: z.object({
      name: nameField.nullish(),
      billing: z
        .object({
          size: z.number().int().nullish(),
          consistent_level: z.enum(["crash_consistent", "app_consistent", ""]).nullish(),
        })
        .nullish(),
      auto_bind: z.boolean().nullish(),
      bind_rules: bindRules.nullish(),
      auto_expand: z.boolean().nullish(),
      smn_notify: z.boolean().nullish(),
      threshold: threshold.nullish(),
      locked: z.boolean().nullish(),
    }),
  })
  .transform(
    ({ vault: v }): VaultChange => ({
      name: v.name ?? undefined,
      size: v.billing?.size ?? undefined,
      consistentLevel: v.billing?.consistent_level || undefined,
      autoBind: v.auto_bind ?? undefined,
      bindRules: v.bind_rules ?? undefined,
      autoExpand: v.auto_expand ?? undefined,
      smnNotify: v.smn_notify ?? undefined,
      threshold: v.threshold ?? undefined,
      locked: v.locked ?? undefined,
    }),
  );

/** POST addresources. */
export const addResourcesBody = z.object({ resources: z.array(resource).min(1) }).transform((body) => body.resources);

const ids = z.array(resourceIdField).min(1).max(256);
/** POST removeresources; one client release writes `resources_ids` (cbr-api 11.3). */
export const removeResourcesBody = z
  .object({ resource_ids: ids.nullish(), resources_ids: ids.nullish() })
  .transform(
    (body) =>
      body.resource_ids ?? body.resources_ids ?? badField("resource_ids", "is missing: must be a list of 1 to 256 ids"),
  );
