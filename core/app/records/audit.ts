/** How the audit trail is stored: traces by project, hour and shard; the hours that have some; sealed batches in a chain. */
import { z } from "zod";
import { type Instant, sortableTime } from "../../domain/values.ts";
import type { Key } from "../../ports/record-store.ts";

const instant = z.number().int();
const whole = z.number().int();
/** SHA-256 in hexadecimal digits. */
const digest = z.string().regex(/^[0-9a-f]{64}$/);

export const TRACE_OUTCOMES = ["success", "refused", "failed", "unknown"] as const;

/** One change, asked for or automatic (AUD-05). Never a body, a header or a query: they may hold secrets. */
export const Trace = z.object({
  schema: z.literal(1),
  /** `<epoch milliseconds>-<12 characters>`: its place follows from it. */
  id: z.string(),
  projectId: z.string(),
  at: instant,
  /** `createVault` (cbr-behaviour §19). */
  event: z.string(),
  kind: z.enum(["ApiCall", "SystemAction"]),
  resource: z.object({ type: z.string(), id: z.string().optional(), name: z.string().optional() }),
  /** Who asked; absent for what happens by itself. */
  user: z.object({ id: z.string(), name: z.string(), domainId: z.string(), domainName: z.string() }).optional(),
  requestId: z.string().optional(),
  sourceIp: z.string().optional(),
  /** Absent while the request is being worked on. `unknown`: nobody ever said, so it may have happened or not. */
  outcome: z.enum(TRACE_OUTCOMES).optional(),
  /** HTTP status and error code of the answer. */
  status: whole.optional(),
  code: z.string().optional(),
  endedAt: instant.optional(),
});
export type Trace = z.infer<typeof Trace>;

/** A project whose changes are traced: where its chain ends. */
export const AuditHead = z.object({
  schema: z.literal(1),
  projectId: z.string(),
  /** Of the last batch; 0 before the first. */
  number: whole,
  hash: digest,
  /** The latest hour that was sealed, or from which on there is a trail. */
  lastHour: z.string(),
});
export type AuditHead = z.infer<typeof AuditHead>;

/** The traces of one hour, sealed: nothing can be changed, removed or added unnoticed any more. */
export const AuditBatch = z.object({
  schema: z.literal(1),
  projectId: z.string(),
  number: whole,
  /** The hour, as `OpenHour.label`. */
  label: z.string(),
  count: whole,
  /** Merkle root over the traces. */
  root: digest,
  /** Hash of the batch before it. */
  previous: digest,
  sealedAt: instant,
  /** The batch's hash, wrapped by the KeyService. */
  seal: z.base64(),
});
export type AuditBatch = z.infer<typeof AuditBatch>;

/** An hour that has traces and is not sealed. */
export const OpenHour = z.object({
  schema: z.literal(1),
  /** `2030-01-02T03`; after a clock that was set back `2030-01-02T03~1`, as the first one is sealed. */
  label: z.string(),
});
export type OpenHour = z.infer<typeof OpenHour>;

/** An hour that is sealed, and by which batch. */
export const SealedHour = z.object({ schema: z.literal(1), label: z.string(), number: whole, count: whole });
export type SealedHour = z.infer<typeof SealedHour>;

/** What was sealed: place and hash of each trace, in order, in pieces. It tells which one was changed. */
export const SealedTraces = z.object({ schema: z.literal(1), traces: z.array(z.tuple([z.string(), digest])) });

const padded = (n: number, width: number): string => String(n).padStart(width, "0");

/** All heads stand together: the tick finds every chain there. */
export const AUDIT_HEADS = { pk: "AUD", prefix: "P#" } as const;
export const auditHeadKey = (projectId: string): Key => ({ pk: AUDIT_HEADS.pk, sk: `P#${projectId}` });
export const auditPk = (projectId: string): string => `AUD#${projectId}`;
export const BATCHES = "B#";
export const batchKey = (projectId: string, number: number): Key => ({
  pk: auditPk(projectId),
  sk: `${BATCHES}${padded(number, 10)}`,
});
export const OPEN_HOURS = "O#";
export const openHourKey = (projectId: string, label: string): Key => ({
  pk: auditPk(projectId),
  sk: `${OPEN_HOURS}${label}`,
});
export const SEALED_HOURS = "H#";
export const sealedHourKey = (projectId: string, label: string): Key => ({
  pk: auditPk(projectId),
  sk: `${SEALED_HOURS}${label}`,
});

/** An hour's traces are spread over so many partitions: a partition of DynamoDB takes 1,000 writes a second. */
const TRACE_SHARDS = 4;
export const tracePks = (projectId: string, label: string): string[] =>
  Array.from({ length: TRACE_SHARDS }, (_, shard) => `${auditPk(projectId)}#${label}#${shard}`);
export function traceKey(projectId: string, label: string, at: Instant, id: string): Key {
  const sum = [...id].reduce((total, char) => total + char.charCodeAt(0), 0);
  return { pk: `${auditPk(projectId)}#${label}#${sum % TRACE_SHARDS}`, sk: `${sortableTime(at)}#${id}` };
}
/** The trace's id, from its sort key. */
export const traceIdOf = (sk: string): string => sk.slice(sk.indexOf("#") + 1);
export const sealedTracesPk = (projectId: string, label: string): string => `${auditPk(projectId)}#${label}#L`;
export const sealedTracesKey = (projectId: string, label: string, piece: number): Key => ({
  pk: sealedTracesPk(projectId, label),
  sk: padded(piece, 6),
});

/** The hour of an instant, UTC: `2030-01-02T03`. */
export const hourOf = (at: Instant): string => sortableTime(at).slice(0, 13);
/** The hour that a label stands for. */
export const hourOfLabel = (label: string): string => label.slice(0, 13);
export const HOUR_MS = 3_600_000;
