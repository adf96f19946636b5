/** How the audit trail looks on the wire: traces as audit services show them, batches, and what a verification found (ours). */
import type { AuditFinding } from "../../../core/app/audit/compare-hour.ts";
import { batchHash } from "../../../core/app/audit/hashes.ts";
import type { AuditVerdict } from "../../../core/app/audit/verify-audit.ts";
import type { AuditBatch, Trace } from "../../../core/app/records/audit.ts";
import { wireTime } from "../../../core/domain/values.ts";

const RATINGS = { success: "normal", refused: "warning", failed: "incident", unknown: "incident" } as const;

export const traceView = (trace: Trace): object => ({
  trace_id: trace.id,
  trace_name: trace.event,
  trace_type: trace.kind,
  /** Null: the request is being worked on. */
  trace_rating: trace.outcome === undefined ? null : RATINGS[trace.outcome],
  outcome: trace.outcome ?? null,
  service_type: "CBR",
  resource_type: trace.resource.type,
  resource_id: trace.resource.id ?? null,
  resource_name: trace.resource.name ?? null,
  project_id: trace.projectId,
  user: trace.user
    ? { id: trace.user.id, name: trace.user.name, domain: { id: trace.user.domainId, name: trace.user.domainName } }
    : null,
  source_ip: trace.sourceIp ?? null,
  request_id: trace.requestId ?? null,
  time: wireTime(trace.at),
  ended_at: trace.endedAt === undefined ? null : wireTime(trace.endedAt),
  code: trace.status ?? null,
  error_code: trace.code ?? null,
});

export const batchView = (batch: AuditBatch): object => ({
  number: batch.number,
  hour: batch.label,
  trace_count: batch.count,
  root: batch.root,
  previous: batch.previous,
  hash: batchHash(batch),
  sealed_at: wireTime(batch.sealedAt),
  seal: batch.seal,
});

const findingView = ({ batch, hour, traceId, what }: AuditFinding): object => ({
  batch,
  hour,
  trace_id: traceId ?? null,
  what,
});

export const verdictView = ({ batches, traces, findings, remarks, last, next }: AuditVerdict): object => ({
  batches,
  traces,
  findings: findings.map(findingView),
  remarks: remarks.map(findingView),
  last: last ?? null,
  next: next ?? null,
});
