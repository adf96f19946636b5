/** Which hour belongs to which batch? The entries that lead to sealed hours, read as they stand there, trusted by nobody. */
import type { RecordStore } from "../../ports/record-store.ts";
import { auditPk, SEALED_HOURS, SealedHour, sealedHourKey } from "../records/audit.ts";
import { walkRows } from "./walk-traces.ts";

export interface HourIndex {
  readonly byBatch: ReadonlyMap<number, string>;
  /** Entries that are not readable, not in their place, or lead to a batch that another one leads to. */
  readonly stray: readonly { readonly batch: number; readonly hour: string }[];
}

/** All of a project: some dozen bytes an hour. */
export async function readHourIndex(records: RecordStore, projectId: string): Promise<HourIndex> {
  const byBatch = new Map<number, string>();
  const stray: { batch: number; hour: string }[] = [];
  const range = { prefix: SEALED_HOURS };
  for await (const { sk, body } of walkRows(records, auditPk(projectId), { forward: true, range })) {
    const hour = sk.slice(SEALED_HOURS.length);
    const entry = SealedHour.safeParse(body).data;
    if (entry === undefined || entry.label !== hour || byBatch.has(entry.number))
      stray.push({ batch: entry?.number ?? 0, hour });
    else byBatch.set(entry.number, hour);
  }
  return { byBatch, stray };
}

/** Does the entry of this hour lead to this batch, and say how many traces it has? Lists look into no other hour. */
export async function leadsTo(
  records: RecordStore,
  projectId: string,
  batch: { readonly label: string; readonly number: number; readonly count: number },
): Promise<boolean> {
  const item = await records.get(sealedHourKey(projectId, batch.label), { consistent: true });
  const entry = SealedHour.safeParse(item?.body).data;
  return entry?.label === batch.label && entry.number === batch.number && entry.count === batch.count;
}
