/** Which bodies the policy operations take (cbr-api 5.8, 7.2), and what they mean inside. */
import { z } from "zod";
import type { PolicyAsk } from "../../../core/app/policies/associate-policy.ts";
import type { PolicyDraft } from "../../../core/app/policies/create-policy.ts";
import type { PolicyChange } from "../../../core/app/policies/update-policy.ts";
import { badField, fault } from "../../../core/domain/fault.ts";
import { type OperationDefinition, POLICY_TYPES, type PolicyType } from "../../../core/domain/policy.ts";
import { nameField } from "../kit/fields.ts";

/** A member that was sent stays, whatever it says; null is not sent. */
const number = z.number().int().nullish();
const region = z
  .string()
  .regex(/^[a-zA-Z0-9._-]{0,255}$/, "must be at most 255 letters, digits or `._-`")
  .nullish();
/** Said of rules that nobody here follows: dropping them in silence would keep or lose other backups than were asked for. */
const unknown = z.unknown().optional();

/** An operation_definition, wherever one is given. */
export const definition = z
  .object({
    max_backups: number,
    retention_duration_days: number,
    day_backups: number,
    week_backups: number,
    month_backups: number,
    year_backups: number,
    timezone: z.string().max(64).nullish(),
    full_backup_interval: number,
    destination_region: region,
    destination_project_id: z.string().max(64).nullish(),
    enable_acceleration: z.boolean().nullish(),
    advanced_retention_rules: unknown,
    cross_account_urn: unknown,
  })
  .transform((d): OperationDefinition => {
    for (const member of ["advanced_retention_rules", "cross_account_urn"] as const)
      if (asksFor(d[member])) badField(`policy.operation_definition.${member}`, "is not possible in this version");
    if (d.enable_acceleration === true)
      badField("policy.operation_definition.enable_acceleration", "there is no accelerated replication; use false");
    return {
      ...(d.max_backups != null && { maxBackups: d.max_backups }),
      ...(d.retention_duration_days != null && { retentionDurationDays: d.retention_duration_days }),
      ...(d.day_backups != null && { dayBackups: d.day_backups }),
      ...(d.week_backups != null && { weekBackups: d.week_backups }),
      ...(d.month_backups != null && { monthBackups: d.month_backups }),
      ...(d.year_backups != null && { yearBackups: d.year_backups }),
      // "" is how some clients leave a text out.
      ...(d.timezone && { timezone: d.timezone }),
      ...(d.full_backup_interval != null && { fullBackupInterval: d.full_backup_interval }),
      ...(d.destination_region && { destinationRegion: d.destination_region }),
      ...(d.destination_project_id && { destinationProjectId: d.destination_project_id }),
      ...(d.enable_acceleration != null && { enableAcceleration: d.enable_acceleration }),
    };
  });

/** Null, "", {} and [] ask for nothing. */
const asksFor = (value: unknown): boolean =>
  typeof value === "object" ? Object.keys(value ?? {}).length > 0 : value !== undefined && value !== "";

const trigger = z
  .object({ properties: z.object({ pattern: z.array(z.string()), start_window_minutes: number }) })
  .transform(({ properties }) => {
    if ((properties.start_window_minutes ?? 0) > 0)
      badField("policy.trigger.properties.start_window_minutes", "is not possible in this version");
    return properties.pattern;
  });

function policyType(word: string): PolicyType {
  return (
    POLICY_TYPES.find((type) => type === word) ??
    fault("6117", `policy.operation_type: must be "backup" or "replication", not "${word}"`)
  );
}

/** POST policies. */
export const createPolicyBody = z
  .object({
    policy: z.object({
      name: nameField,
      // D-9.
      operation_type: z
        .string()
        .nullish()
        .transform((word) => policyType(word || "backup")),
      enabled: z
        .boolean()
        .nullish()
        .transform((enabled) => enabled ?? true),
      operation_definition: definition,
      trigger,
    }),
  })
  .transform(
    ({ policy: p }): PolicyDraft => ({
      name: p.name,
      operationType: p.operation_type,
      enabled: p.enabled,
      operationDefinition: p.operation_definition,
      patterns: p.trigger,
    }),
  );

/** PUT policies/{id}: null is "unchanged", as absent is. */
export const updatePolicyBody = z
  .object({
    policy: z.object({
      name: nameField.nullish(),
      enabled: z.boolean().nullish(),
      operation_definition: definition.nullish(),
      trigger: trigger.nullish(),
    }),
  })
  .transform(
    ({ policy: p }): PolicyChange => ({
      name: p.name ?? undefined,
      enabled: p.enabled ?? undefined,
      operationDefinition: p.operation_definition ?? undefined,
      patterns: p.trigger ?? undefined,
    }),
  );

const someId = z.string().min(1).max(64);

/** POST associatepolicy. Several policies of one type are a trial of one cloud, and a vault has one here (VLT-60). */
export const associatePolicyBody = z
  .object({
    policy_id: someId.nullish(),
    add_policy_ids: z.array(someId).max(10).nullish(),
    destination_vault_id: z.string().max(64).nullish(),
  })
  .transform((body): PolicyAsk => {
    const many = body.add_policy_ids ?? [];
    if (body.policy_id != null && many.length > 0)
      badField("policy_id", "cannot be given together with add_policy_ids");
    if (many.length > 1) badField("add_policy_ids", "must have one element: a vault takes one policy of each type");
    return {
      policyId: body.policy_id ?? many[0] ?? badField("policy_id", "is missing: must be the id of a policy"),
      ...(body.destination_vault_id && { destinationVaultId: body.destination_vault_id }),
    };
  });

/** POST dissociatepolicy: the policy's id. */
export const dissociatePolicyBody = z.object({ policy_id: someId }).transform((body) => body.policy_id);
