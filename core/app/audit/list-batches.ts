/** GET holdfast/audit/batches: the sealed hours of a project, newest first. */
import { badField } from "../../domain/fault.ts";
import type { Paged } from "../lists/walk.ts";
import { AuditBatch, AuditHead, auditHeadKey, auditPk, batchKey } from "../records/audit.ts";
import { parseItem } from "../records/record.ts";
import { load } from "../records/tables.ts";
import type { RecordServices } from "../services.ts";
import { walkRows } from "./walk-traces.ts";

interface BatchesAsk {
  readonly limit: number;
  /** Counts from the marker. */
  readonly offset: number;
  /** Number of the last batch of the page before. */
  readonly marker: number | undefined;
}

/** Batches are numbered without a gap, so an offset is a number. @throws Fault 9900 for a marker that is no batch's */
export async function listBatches(
  s: RecordServices,
  projectId: string,
  { limit, offset, marker }: BatchesAsk,
): Promise<Paged<AuditBatch>> {
  const head = await load(s.records, { schema: AuditHead }, auditHeadKey(projectId));
  const count = head?.number ?? 0;
  if (marker !== undefined && marker > count) badField("marker", `no batch has the number ${marker}`);
  const newest = (marker === undefined ? count : marker - 1) - offset;
  const rows: AuditBatch[] = [];
  if (newest < 1 || limit < 1) return { rows, count };
  const range = { from: batchKey(projectId, Math.max(1, newest - limit + 1)).sk, to: batchKey(projectId, newest).sk };
  for await (const item of walkRows(s.records, auditPk(projectId), { forward: false, range }))
    rows.push(parseItem(AuditBatch, item));
  return { rows, count };
}
