/** How tasks, and the resources that could be protected, are answered (cbr-api 5.13, 5.14; clients.md §3). */
import { z } from "zod";
import { TASK_STATUSES, TASK_TYPES } from "../../../core/domain/statuses.ts";
import { anyObject, count, id, time, timeOrNull, uuid } from "./answers.ts";
import { vault } from "./vault-answers.ts";

const backupNamed = { backup_id: z.string(), backup_name: z.string() };
const counts = { total_count: count, fail_count: count };
const resources = z.array(z.strictObject({ id, type: z.string(), name: z.string(), extra_info: z.null() }));

export const operationLog = z
  .strictObject({
    id: uuid,
    project_id: id,
    provider_id: z.string().nullable(),
    operation_type: z.enum(TASK_TYPES),
    status: z.enum(TASK_STATUSES),
    checkpoint_id: uuid.nullable(),
    policy_id: uuid.nullable(),
    vault_id: uuid.nullable(),
    vault_name: z.string().nullable(),
    created_at: time,
    started_at: timeOrNull,
    updated_at: time,
    ended_at: timeOrNull,
    error_info: z.strictObject({ code: z.string(), message: z.string() }),
    extra_info: z.strictObject({
      common: z.strictObject({ progress: z.number().min(0).max(100), request_id: z.string(), task_id: uuid }),
      resource: z.strictObject({
        id: z.string(),
        type: z.string(),
        name: z.string(),
        // An object here, even an empty one, fails Terraform's whole data source (clients.md §3).
        extra_info: z.null(),
      }),
      backup: z
        .strictObject({
          ...backupNamed,
          app_consistency_status: z.enum(["0", "1"]),
          app_consistency_error_code: z.string(),
          app_consistency_error_message: z.string(),
        })
        .optional(),
      delete: z.strictObject(backupNamed).optional(),
      undelete: z.strictObject(backupNamed).optional(),
      restore: z
        .strictObject({ ...backupNamed, target_resource_id: z.string(), target_resource_name: z.string() })
        .optional(),
      remove_resources: z.strictObject({ ...counts, resources }).optional(),
      migrate_resources: z
        .strictObject({
          ...counts,
          destination_vault_id: z.string(),
          destination_vault_name: z.string(),
          resources,
        })
        .optional(),
      vault_delete: z.strictObject({ ...counts, total_delete_count: count, fail_delete_count: count }).optional(),
    }),
  })
  .meta({ id: "OperationLog" });

const described = {
  id,
  name: z.string(),
  type: z.string(),
  status: z.string(),
  size: count.meta({ description: "GB" }),
  detail: anyObject,
};

export const protectable = z
  .strictObject({
    ...described,
    children: z.array(z.strictObject({ ...described, children: z.array(z.never()) })),
    protectable: z.strictObject({
      result: z.boolean(),
      code: z.string(),
      reason: z.string(),
      message: z.string(),
      vault: vault.nullable(),
    }),
  })
  .meta({ id: "Protectable" });
