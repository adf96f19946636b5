/** The API's task operations (cbr-api #47, #48). */
import { listTasks } from "../../core/app/lists/list-tasks.ts";
import { showTask } from "../../core/app/lists/show-task.ts";
import type { Services } from "../../core/app/services.ts";
import { enterpriseProject } from "./enterprise-project.ts";
import { instantOf, pageOf } from "./kit/list-query.ts";
import type { Handler } from "./kit/request.ts";
import { operationLogView } from "./views/operation-log.ts";

export const listOperationLogs: Handler<Services> = async ({ query, projectId }, services) => {
  const { limit, offset, marker } = pageOf(query);
  const filter = {
    ids: query.values("id"),
    type: query.get("operation_type"),
    status: query.get("status"),
    providerId: query.get("provider_id"),
    vaultId: query.get("vault_id"),
    vaultName: query.get("vault_name"),
    resourceId: query.get("resource_id"),
    resourceName: query.get("resource_name"),
    enterpriseProjectId: enterpriseProject(query),
    from: instantOf(query, "start_time"),
    to: instantOf(query, "end_time"),
  };
  const { rows, count } = await listTasks(services, projectId, filter, { limit, offset, marker });
  return { status: 200, body: { operation_logs: rows.map(operationLogView), count, limit, offset } };
};

export const showOperationLog: Handler<Services> = async ({ projectId, path }, services) => {
  const shown = await showTask(services, projectId, path.operation_log_id ?? "");
  return { status: 200, body: { operation_log: operationLogView(shown) } };
};
