/** Is the audit trail what was written? Every batch is computed again, its seal opened, and its traces compared one by one. */
import { AuditBatch, auditPk, BATCHES, batchKey } from "../records/audit.ts";
import { ChainCheck, type ChainEnd, type CheckServices } from "./chain-check.ts";
import type { AuditFinding } from "./compare-hour.ts";
import { batchHash, GENESIS } from "./hashes.ts";
import { walkRows } from "./walk-traces.ts";

export interface AuditVerdict {
  readonly batches: number;
  readonly traces: number;
  readonly findings: readonly AuditFinding[];
  readonly remarks: readonly AuditFinding[];
  /** The last batch that was looked at, for a note elsewhere; undefined when it is no witness. */
  readonly last: { readonly number: number; readonly hash: string } | undefined;
  /** Give it as `after` to go on; undefined when the chain was seen to its end. */
  readonly next: number | undefined;
}

/** One call looks at no more batches than this, and ends after the batch in which it has seen so many traces. */
const BATCHES_AT_ONCE = 200;
const TRACES_AT_ONCE = 5_000;

/** Goes on behind batch `after`, which an earlier call has seen; 0 begins at the beginning. */
export async function verifyAudit(s: CheckServices, projectId: string, after: number): Promise<AuditVerdict> {
  const check = new ChainCheck(s, projectId, await seenTo(s, projectId, after));
  let batches = 0;
  const verdict = (next: number | undefined): AuditVerdict => {
    const { end, traces, findings, remarks } = check;
    const last = end.hash === undefined || end.number === 0 ? undefined : { number: end.number, hash: end.hash };
    return { batches, traces, findings, remarks, last, next };
  };
  const range = { from: batchKey(projectId, after + 1).sk, to: `${BATCHES}~` };
  for await (const { sk, body } of walkRows(s.records, auditPk(projectId), { forward: true, range })) {
    if (batches === BATCHES_AT_ONCE || check.traces >= TRACES_AT_ONCE) return verdict(check.end.number);
    await check.look(sk, body);
    batches++;
  }
  await check.close();
  return verdict(undefined);
}

async function seenTo({ records }: CheckServices, projectId: string, after: number): Promise<ChainEnd> {
  if (after === 0) return { number: 0, hash: GENESIS, label: undefined };
  const item = await records.get(batchKey(projectId, after), { consistent: true });
  const batch = AuditBatch.safeParse(item?.body).data;
  return { number: after, hash: batch && batchHash(batch), label: batch?.label };
}
