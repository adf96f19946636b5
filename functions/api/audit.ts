/** The audit trail of a project (cbr-behaviour §19): an extension of ours, below `holdfast`. */
import { listBatches } from "../../core/app/audit/list-batches.ts";
import { listTraces } from "../../core/app/audit/list-traces.ts";
import { verifyAudit } from "../../core/app/audit/verify-audit.ts";
import { TRACE_OUTCOMES } from "../../core/app/records/audit.ts";
import type { Services } from "../../core/app/services.ts";
import { instantOf, integerOf, oneOf, pageOf } from "./kit/list-query.ts";
import type { Handler } from "./kit/request.ts";
import { batchView, traceView, verdictView } from "./views/audit.ts";

export const listAudit: Handler<Services> = async ({ query, projectId }, services) => {
  const { limit, offset, marker } = pageOf(query);
  const filter = {
    from: instantOf(query, "start_time"),
    to: instantOf(query, "end_time"),
    user: query.get("user"),
    event: query.get("trace_name"),
    resourceType: query.get("resource_type"),
    resourceId: query.get("resource_id"),
    outcome: oneOf(query, "outcome", TRACE_OUTCOMES),
    requestId: query.get("request_id"),
  };
  const { rows, count } = await listTraces(services, projectId, filter, { limit, offset, marker });
  return { status: 200, body: { traces: rows.map(traceView), count, limit, offset } };
};

/** `marker`: number of the last batch of the page before. */
export const listAuditBatches: Handler<Services> = async ({ query, projectId }, services) => {
  const { limit, offset } = pageOf(query);
  const marker = integerOf(query, "marker", 1, Number.MAX_SAFE_INTEGER);
  const { rows, count } = await listBatches(services, projectId, { limit, offset, marker });
  return { status: 200, body: { batches: rows.map(batchView), count, limit, offset } };
};

/** `after` is the `next` of the answer before. */
export const verifyAuditTrail: Handler<Services> = async ({ query, projectId }, services) => {
  const after = integerOf(query, "after", 0, Number.MAX_SAFE_INTEGER) ?? 0;
  return { status: 200, body: verdictView(await verifyAudit(services, projectId, after)) };
};
