/** How a policy looks on the wire (cbr-api 5.8): exactly the members of its definition that were sent. */
import type { ShownPolicy } from "../../../core/app/policies/show-policy.ts";
import type { OperationDefinition } from "../../../core/domain/policy.ts";
import type { Instant } from "../../../core/domain/values.ts";

export function policyView({ policy, links }: ShownPolicy) {
  const { trigger } = policy;
  return {
    id: policy.id,
    name: policy.name,
    enabled: policy.enabled,
    operation_type: policy.operationType,
    policy_type: "custom_policy",
    operation_definition: definitionView(policy.operationDefinition),
    associated_vaults: links.map(({ vaultId, destinationVaultId }) => ({
      vault_id: vaultId,
      ...(destinationVaultId !== undefined && { destination_vault_id: destinationVaultId }),
    })),
    trigger: {
      id: trigger.id,
      name: "default",
      type: "time",
      properties: { pattern: trigger.patterns, start_time: secondsOf(trigger.startTime) },
    },
  };
}

/** Members that were not sent are undefined here, and absent on the wire. */
const definitionView = (d: OperationDefinition) => ({
  max_backups: d.maxBackups,
  retention_duration_days: d.retentionDurationDays,
  day_backups: d.dayBackups,
  week_backups: d.weekBackups,
  month_backups: d.monthBackups,
  year_backups: d.yearBackups,
  timezone: d.timezone,
  full_backup_interval: d.fullBackupInterval,
  destination_region: d.destinationRegion,
  destination_project_id: d.destinationProjectId,
  enable_acceleration: d.enableAcceleration,
});

/** `2019-05-08 06:57:05`, UTC (cbr-api 2.4). */
const secondsOf = (at: Instant): string => new Date(at).toISOString().slice(0, 19).replace("T", " ");
