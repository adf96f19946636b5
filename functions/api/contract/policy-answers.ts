/** How policies, the runs that they ask for, and what rules say of them are answered (cbr-api 5.8; the rest is ours). */
import { z } from "zod";
import { POLICY_TYPES } from "../../../core/domain/policy.ts";
import { RUN_STATES } from "../../../core/domain/statuses.ts";
import { count, id, page, time, timeOrNull, uuid } from "./answers.ts";

/** Exactly the members that were sent, as they were sent: -1 and 0 set nothing. */
const definition = z
  .strictObject({
    max_backups: z.int().optional(),
    retention_duration_days: z.int().optional(),
    day_backups: z.int().optional(),
    week_backups: z.int().optional(),
    month_backups: z.int().optional(),
    year_backups: z.int().optional(),
    timezone: z.string().optional(),
    full_backup_interval: z.int().optional(),
    destination_region: z.string().optional(),
    destination_project_id: z.string().optional(),
    enable_acceleration: z.boolean().optional(),
  })
  .meta({ id: "OperationDefinition" });

export const policy = z
  .strictObject({
    id: uuid,
    name: z.string(),
    enabled: z.boolean(),
    operation_type: z.enum(POLICY_TYPES),
    policy_type: z.literal("custom_policy"),
    operation_definition: definition,
    associated_vaults: z.array(z.strictObject({ vault_id: uuid, destination_vault_id: uuid.optional() })),
    trigger: z.strictObject({
      id: uuid,
      name: z.literal("default"),
      type: z.literal("time"),
      properties: z.strictObject({
        pattern: z.array(z.string()).meta({ description: "iCalendar recurrence rules, in UTC" }),
        start_time: z
          .string()
          .regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
          .meta({ description: "UTC", examples: ["2030-01-02 03:04:05"] }),
      }),
    }),
  })
  .meta({ id: "Policy" });

export const scheduledRun = z
  .strictObject({
    vault_id: uuid,
    vault_name: z.string(),
    policy_id: uuid,
    policy_name: z.string(),
    operation_type: z.enum(POLICY_TYPES),
    state: z.enum(RUN_STATES),
    nominal_at: time.meta({ description: "the policy's point" }),
    planned_at: time.meta({ description: "when the vault's turn comes after it" }),
    started_at: timeOrNull,
    ended_at: timeOrNull,
    reason: z.string().nullable(),
    error_code: z.string().nullable(),
    checkpoint_id: id.nullable(),
    backups: z.strictObject({ available: count, failed: count, skipped: count }).nullable(),
  })
  .meta({ id: "ScheduledRun" });

const verdict = {
  compliant: z.boolean(),
  reason: z.string().nullable().meta({ description: "why it is not" }),
};

export const compliance = z
  .strictObject({
    max_gap_hours: count,
    min_retention_days: count,
    policies: z.array(
      z.strictObject({ policy_id: uuid, policy_name: z.string(), longest_gap_hours: z.number().min(0), ...verdict }),
    ),
    vaults: z.array(
      z.strictObject({
        vault_id: uuid,
        vault_name: z.string(),
        policy_id: uuid.nullable(),
        policy_name: z.string().nullable(),
        ...verdict,
      }),
    ),
    ...page,
  })
  .meta({ id: "Compliance" });
