/** Which bodies the organisation policy operations take (cbr-api 7.3, 5.8), and what they mean inside. */
import { z } from "zod";
import type { OrganizationPolicyDraft } from "../../../core/app/organization-policies/create-policy.ts";
import type { OrganizationPolicyChange } from "../../../core/app/organization-policies/update-policy.ts";
import { OPERATION_TYPES } from "../../../core/domain/organization-policy.ts";
import { descriptionField, nameField } from "../kit/fields.ts";

const whole = (least: number, most: number) => z.number().int().min(least).max(most);

/** What clients send as null is as good as not sent. */
const definition = z
  .object({
    max_backups: whole(-1, 99_999).nullish(),
    retention_duration_days: whole(-1, 99_999).nullish(),
    day_backups: whole(0, 100).nullish(),
    week_backups: whole(0, 100).nullish(),
    month_backups: whole(0, 100).nullish(),
    year_backups: whole(0, 100).nullish(),
    timezone: z
      .string()
      .regex(/^UTC[+-]([01]\d|2[0-3]):[0-5]\d$/, "must be like UTC+08:00")
      .nullish(),
    full_backup_interval: whole(-1, 100).nullish(),
    destination_region: z
      .string()
      .regex(/^[a-zA-Z0-9._-]{0,255}$/, "must be at most 255 letters, digits or `._-`")
      .nullish(),
    destination_project_id: z.string().max(64).nullish(),
    enable_acceleration: z.boolean().nullish(),
  })
  .transform((sent) => withoutNulls(sent));
const trigger = z
  .object({ properties: z.object({ pattern: z.array(z.string()) }) })
  .transform(({ properties }) => properties.pattern);
const scope = z.string().max(255);

type Given<T> = { [K in keyof T]?: NonNullable<T[K]> };
/** A member that is null or absent is absent afterwards: what is stored is echoed. */
function withoutNulls<T extends object>(sent: T): Given<T> {
  return Object.fromEntries(Object.entries(sent).filter(([, value]) => value != null)) as Given<T>;
}

/** POST organization-policies. */
export const createOrganizationPolicyBody = z
  .object({
    policy: z.object({
      name: nameField,
      description: descriptionField.nullish(),
      operation_type: z.enum(OPERATION_TYPES),
      effective_scope: scope.nullish(),
      policy_name: nameField,
      policy_enabled: z.boolean(),
      policy_operation_definition: definition,
      policy_trigger: trigger,
    }),
  })
  .transform(
    ({ policy: p }): OrganizationPolicyDraft => ({
      name: p.name,
      description: p.description ?? "",
      operationType: p.operation_type,
      effectiveScope: p.effective_scope ?? "",
      policyName: p.policy_name,
      policyEnabled: p.policy_enabled,
      definition: p.policy_operation_definition,
      patterns: p.policy_trigger,
    }),
  );

/** PUT organization-policies/{id}. */
export const updateOrganizationPolicyBody = z
  .object({
    policy: z.object({
      name: nameField.nullish(),
      description: descriptionField.nullish(),
      effective_scope: scope.nullish(),
      policy_name: nameField.nullish(),
      policy_enabled: z.boolean().nullish(),
      policy_operation_definition: definition.nullish(),
      policy_trigger: trigger.nullish(),
    }),
  })
  .transform(
    ({ policy: p }): OrganizationPolicyChange =>
      withoutNulls({
        name: p.name,
        description: p.description,
        effectiveScope: p.effective_scope,
        policyName: p.policy_name,
        policyEnabled: p.policy_enabled,
        definition: p.policy_operation_definition,
        patterns: p.policy_trigger,
      }),
  );
