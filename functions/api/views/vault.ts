/** How a vault looks on the wire (cbr-api 5.4–5.6). */
import type { Binding } from "../../../core/app/records/entities.ts";
import { usedBytes } from "../../../core/app/vaults/load-vault.ts";
import type { VaultWithBindings } from "../../../core/app/vaults/show-vault.ts";
import { type ObjectType, providerOfVault } from "../../../core/domain/resource-types.ts";
import { wholeGb, wholeMb, wireTime } from "../../../core/domain/values.ts";
import { specCode } from "../../../core/domain/vault-rules.ts";

/** `allocated` is GB, `used` and `backup_size` are MB, all rounded up (CAP-01, D-7). */
export function vaultView({ vault, bindings }: VaultWithBindings) {
  const { billing } = vault;
  const objectType = billing.objectType as ObjectType;
  return {
    id: vault.id,
    name: vault.name,
    description: vault.description,
    project_id: vault.projectId,
    provider_id: providerOfVault(objectType),
    user_id: vault.userId,
    created_at: wireTime(vault.createdAt),
    updated_at: wireTime(vault.updatedAt),
    enterprise_project_id: vault.enterpriseProjectId,
    auto_bind: vault.autoBind,
    bind_rules: vault.bindRules.length === 0 ? {} : { tags: vault.bindRules },
    auto_expand: vault.autoExpand,
    smn_notify: vault.smnNotify,
    threshold: vault.threshold,
    locked: vault.locked,
    backup_name_prefix: vault.backupNamePrefix,
    demand_billing: vault.demandBilling,
    availability_zone: vault.availabilityZone,
    sys_lock_source_service: vault.sysLockSourceService,
    tags: vault.tags,
    billing: {
      allocated: bindings.reduce((sum, { size }) => sum + wholeGb(size), 0),
      used: wholeMb(usedBytes(bindings)),
      size: billing.size,
      status: vault.status,
      charging_mode: billing.chargingMode,
      cloud_type: billing.cloudType,
      consistent_level: billing.consistentLevel,
      object_type: billing.objectType,
      protect_type: billing.protectType,
      spec_code: specCode({ ...billing, objectType }),
      order_id: null,
      product_id: null,
      storage_unit: null,
      frozen_scene: vault.frozenScene ?? null,
      is_multi_az: billing.isMultiAz,
    },
    resources: bindings.map(resourceView),
  };
}

const resourceView = (binding: Binding) => ({
  id: binding.resourceId,
  type: binding.resourceType,
  name: binding.name,
  protect_status: binding.status,
  size: wholeGb(binding.size),
  backup_size: wholeMb(binding.used),
  backup_count: binding.backups,
  extra_info: binding.extraInfo,
});
