/** The contract of the audit trail: an extension of ours. */
import { z } from "zod";
import { TRACE_OUTCOMES } from "../../../core/app/records/audit.ts";
import { count, page, time, timeOrNull } from "./answers.ts";
import { instant, paging, text } from "./parameters.ts";

const textOrNull = z.string().nullable();
const digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ description: "SHA-256" });

const trace = z
  .strictObject({
    trace_id: z.string(),
    trace_name: z.string(),
    trace_type: z.enum(["ApiCall", "SystemAction"]),
    trace_rating: z.enum(["normal", "warning", "incident"]).nullable(),
    outcome: z.enum(TRACE_OUTCOMES).nullable().meta({ description: "null while the request is being worked on" }),
    service_type: z.literal("CBR"),
    resource_type: z.string(),
    // What a client named, be it an id or not.
    resource_id: textOrNull,
    resource_name: textOrNull,
    project_id: z.string(),
    user: z
      .strictObject({
        id: z.string(),
        name: z.string(),
        domain: z.strictObject({ id: z.string(), name: z.string() }),
      })
      .nullable()
      .meta({ description: "null for what happens by itself" }),
    source_ip: textOrNull,
    request_id: textOrNull,
    time,
    ended_at: timeOrNull,
    code: z.int().min(200).max(599).nullable().meta({ description: "HTTP status of the answer" }),
    error_code: textOrNull,
  })
  .meta({ id: "Trace" });

const batch = z
  .strictObject({
    number: count.min(1),
    hour: z
      .string()
      .regex(/^\d{4}-\d\d-\d\dT\d\d(~\d+)?$/)
      .meta({ description: "UTC; with ~1 behind it after a clock that was set back", examples: ["2030-01-02T03"] }),
    trace_count: count,
    root: digest,
    previous: digest,
    hash: digest,
    sealed_at: time,
    seal: z.base64().meta({ description: "the hash, wrapped by the key service" }),
  })
  .meta({ id: "AuditBatch" });

const finding = z.strictObject({
  batch: z.int(),
  // Of a batch that was tampered with, what it says instead.
  hour: z.string(),
  trace_id: textOrNull,
  what: z.string(),
});
const verdict = z
  .strictObject({
    batches: count,
    traces: count,
    findings: z.array(finding).meta({ description: "what is not as it was sealed" }),
    remarks: z.array(finding).meta({ description: "what cannot be told, or is no fault" }),
    last: z.strictObject({ number: count, hash: digest }).nullable(),
    next: count.nullable().meta({ description: "give it as `after` to go on; null at the end of the chain" }),
  })
  .meta({ id: "AuditVerdict" });

export const auditOperations = {
  ListAudit: {
    summary: "Lists what was changed or tried, by whom and with what outcome, the newest first",
    query: {
      ...paging,
      start_time: instant,
      end_time: instant,
      user: text,
      trace_name: text,
      resource_type: text,
      resource_id: text,
      outcome: z.enum(TRACE_OUTCOMES),
      request_id: text,
    },
    answers: { 200: z.strictObject({ traces: z.array(trace), ...page }) },
  },
  ListAuditBatches: {
    summary: "Lists the sealed hours of the audit trail, the newest first",
    query: { ...paging, marker: z.int().min(1).meta({ description: "number of the last batch of the page before" }) },
    answers: { 200: z.strictObject({ batches: z.array(batch), ...page }) },
  },
  VerifyAudit: {
    summary: "Tells whether the audit trail is what was sealed",
    query: { after: z.int().min(0).default(0).meta({ description: "`next` of the answer before" }) },
    answers: { 200: verdict },
  },
} as const;
