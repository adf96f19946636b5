/** Which bodies the checkpoint and backup operations take (cbr-api 7.4), and what they mean inside. */
import { z } from "zod";
import { badField } from "../../../core/domain/fault.ts";
import { descriptionField, nameField, resourceIdField } from "../kit/fields.ts";
import { extraInfo } from "./vaults.ts";

const detail = z
  .object({ id: resourceIdField, type: z.string().nullish(), extra_info: extraInfo })
  // An empty choice is no choice: the binding's own counts.
  .transform(({ id, extra_info }) => ({ id, ...(Object.keys(extra_info).length > 0 && { extraInfo: extra_info }) }));

const none = { name: null, description: null, resources: null, resource_details: null };
/** clients.md 5: 100 years. */
const MOST_DAYS = 36_500;

/** Days that manual backups are kept; absent and -1 = for ever. @throws Fault 9900 */
function retentionDays(days: number | null | undefined, autoTrigger: boolean): number | undefined {
  if (days == null || days === -1) return undefined;
  const field = "checkpoint.parameters.retention_duration_days";
  if (days < 1 || days > MOST_DAYS) badField(field, `must be -1 or between 1 and ${MOST_DAYS}, not ${days}`);
  if (autoTrigger) badField(field, "is for manual backups: how long automatic ones stay is said by their policy");
  return days;
}

/** The policy in whose name an automatic run is made. @throws Fault 9900 */
function policyOf(policyId: string | null | undefined, autoTrigger: boolean): string | undefined {
  if (policyId && !autoTrigger)
    badField("checkpoint.parameters.policy_id", "is for automatic backups: auto_trigger must be true");
  return policyId || undefined;
}

/** POST checkpoints. */
export const createCheckpointBody = z
  .object({
    checkpoint: z.object({
      vault_id: z.string().min(1).max(64),
      parameters: z
        .object({
          auto_trigger: z.boolean().nullish(),
          incremental: z.boolean().nullish(),
          name: nameField.or(z.literal("")).nullish(),
          description: descriptionField.nullish(),
          resources: z.array(resourceIdField).max(256).nullish(),
          resource_details: z.array(detail).max(256).nullish(),
          policy_id: z.string().nullish(),
          retention_duration_days: z.number().int().nullish(),
        })
        .nullish()
        .transform((parameters) => parameters ?? none),
    }),
  })
  .transform(({ checkpoint: { vault_id, parameters: p } }) => {
    const details = p.resource_details ?? [];
    const named = new Set(details.map(({ id }) => id));
    const resources = [...details, ...(p.resources ?? []).filter((id) => !named.has(id)).map((id) => ({ id }))];
    const autoTrigger = ("auto_trigger" in p ? p.auto_trigger : undefined) ?? false;
    const days = retentionDays("retention_duration_days" in p ? p.retention_duration_days : undefined, autoTrigger);
    const policyId = policyOf("policy_id" in p ? p.policy_id : undefined, autoTrigger);
    return {
      vaultId: vault_id,
      incremental: ("incremental" in p ? p.incremental : undefined) ?? true,
      autoTrigger,
      ...(days !== undefined && { retentionDays: days }),
      ...(policyId !== undefined && { policyId }),
      ...(p.name && { name: p.name }),
      ...(p.description != null && { description: p.description }),
      // Neither list given, or both empty: the whole vault.
      ...(resources.length > 0 && { resources }),
    };
  });

/** PUT backups/{id}: the new name. */
export const renameBackupBody = z
  .object({ backup: z.object({ name: nameField }) })
  .transform(({ backup }) => backup.name);

const target = resourceIdField.or(z.literal("")).nullish();
/** POST backups/{id}/restore; members that name nothing are left out. */
export const restoreBody = z
  .object({
    restore: z.object({
      server_id: target,
      volume_id: target,
      resource_id: target,
      mappings: z
        .array(z.object({ backup_id: z.string().min(1).max(64), volume_id: resourceIdField }))
        .max(256)
        .nullish(),
      power_on: z.boolean().nullish(),
      details: z.object({ destination_path: z.string().nullish() }).nullish(),
    }),
  })
  .transform(({ restore: r }) => {
    if (r.details?.destination_path)
      badField("restore.details.destination_path", "is for backups of files, and this is none");
    return {
      ...(r.server_id && { serverId: r.server_id }),
      ...(r.volume_id && { volumeId: r.volume_id }),
      ...(r.resource_id && { resourceId: r.resource_id }),
      mappings: (r.mappings ?? []).map(({ backup_id, volume_id }) => ({ backupId: backup_id, volumeId: volume_id })),
      powerOn: r.power_on ?? true,
    };
  });
