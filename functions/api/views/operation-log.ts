/** How a task looks on the wire (cbr-api 5.13, as corrected by clients.md 3). */
import type { ShownTask } from "../../../core/app/lists/show-task.ts";
import type { Task } from "../../../core/app/records/entities.ts";
import { providerOfResource } from "../../../core/domain/resource-types.ts";
import { wireTime } from "../../../core/domain/values.ts";

const timeOrNull = (at: number | undefined) => (at === undefined ? null : wireTime(at));

/** Times are null for "not yet". */
export function operationLogView({ task, progress }: ShownTask) {
  return {
    id: task.id,
    project_id: task.projectId,
    provider_id: task.resource === undefined ? null : providerOfResource(task.resource.type),
    operation_type: task.type,
    status: task.status,
    checkpoint_id: task.checkpointId ?? null,
    policy_id: task.policyId ?? null,
    vault_id: task.vaultId ?? null,
    vault_name: task.vaultName ?? null,
    created_at: wireTime(task.createdAt),
    started_at: timeOrNull(task.startedAt),
    updated_at: wireTime(task.updatedAt),
    ended_at: timeOrNull(task.endedAt),
    error_info: { code: errorCode(task.error?.code), message: task.error?.message ?? "" },
    extra_info: {
      common: { progress, request_id: task.requestId, task_id: task.id },
      // Never an object inside: Terraform's data source fails on it (clients.md 3).
      resource: {
        id: task.resource?.id ?? "",
        type: task.resource?.type ?? "",
        name: task.resource?.name ?? "",
        extra_info: null,
      },
      ...ofItsKind(task),
    },
  };
}

const errorCode = (code = ""): string => (/^\d{4}$/.test(code) ? `BackupService.${code}` : code);

function ofItsKind(task: Task): object {
  const backup = { backup_id: task.backup?.id ?? "", backup_name: task.backup?.name ?? "" };
  const { total = 0, failed = 0 } = task.totals ?? {};
  const counts = { total_count: total, fail_count: failed };
  switch (task.type) {
    case "backup":
      // `incremental` is left out: one client wants a string there, another a boolean.
      return {
        backup: {
          ...backup,
          app_consistency_status: "0",
          app_consistency_error_code: "",
          app_consistency_error_message: "",
        },
      };
    case "delete":
      return { delete: backup };
    case "undelete":
      return { undelete: backup };
    case "restore":
      return {
        restore: {
          ...backup,
          target_resource_id: task.target?.id ?? "",
          target_resource_name: task.target?.name ?? "",
        },
      };
    case "remove_resource":
      return {
        remove_resources: {
          ...counts,
          resources: task.resource === undefined ? [] : [{ ...task.resource, extra_info: null }],
        },
      };
    case "migrate_resource":
      return {
        migrate_resources: {
          ...counts,
          destination_vault_id: task.target?.id ?? "",
          destination_vault_name: task.target?.name ?? "",
          resources: task.resource === undefined ? [] : [{ ...task.resource, extra_info: null }],
        },
      };
    case "vault_delete":
      // Both spellings: the definition's and Terraform's (D-11).
      return { vault_delete: { ...counts, total_delete_count: total, fail_delete_count: failed } };
  }
}
