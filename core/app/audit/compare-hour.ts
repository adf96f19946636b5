/** Are the traces of a sealed hour those that were sealed? If not: which was changed, removed or added. */
import type { RecordStore } from "../../ports/record-store.ts";
import { type AuditBatch, SealedTraces, sealedTracesPk, traceIdOf } from "../records/audit.ts";
import { type Leaf, leafOf, merkleRoot } from "./hashes.ts";
import { walkRows, walkTraces } from "./walk-traces.ts";

/** Something is not as it was sealed. */
export interface AuditFinding {
  readonly batch: number;
  /** `2030-01-02T03`, or where the hour is not known any more, what is known of it. */
  readonly hour: string;
  readonly traceId?: string | undefined;
  readonly what: string;
}

/**
 * The root that was sealed decides; the list of hashes beside it tells which trace it is. Without a root (its batch is gone)
 * the list is the only witness.
 */
export async function compareHour(
  records: RecordStore,
  projectId: string,
  { label, number, root }: Pick<AuditBatch, "label" | "number"> & { readonly root: string | undefined },
): Promise<{ readonly traces: number; readonly findings: readonly AuditFinding[] }> {
  const found: Leaf[] = [];
  for await (const item of walkTraces(records, projectId, [label], { forward: true })) found.push(leafOf(item));
  const about = { batch: number, hour: label };
  const sealed = await sealedLeaves(records, projectId, label);
  const findings: AuditFinding[] = [];
  const listHolds = sealed !== undefined && (root === undefined || merkleRoot(sealed) === root);
  if (!listHolds) {
    findings.push({ ...about, what: "the list of what was sealed in this hour was changed" });
    if (merkleRoot(found) === root) return { traces: found.length, findings };
    if (sealed === undefined)
      findings.push({ ...about, what: "traces of this hour were changed; without its list it cannot be told which" });
  }
  if (sealed !== undefined)
    for (const [sk, what] of differences(sealed, found)) {
      const told = listHolds ? what : `${what}, or only the list says so`;
      findings.push({ ...about, traceId: traceIdOf(sk), what: told });
    }
  return { traces: found.length, findings };
}

function* differences(sealed: readonly Leaf[], found: readonly Leaf[]): Generator<readonly [sk: string, what: string]> {
  const [before, now] = [new Map(sealed), new Map<string, string>()];
  for (const [sk, hash] of found) {
    // Two shards may hold one place: one of the two was added.
    if (now.has(sk) || !before.has(sk)) yield [sk, "this trace was added"];
    else if (before.get(sk) !== hash) yield [sk, "this trace was changed"];
    now.set(sk, hash);
  }
  for (const [sk] of sealed) if (!now.has(sk)) yield [sk, "this trace was removed"];
}

/** Undefined when a piece is not readable. */
async function sealedLeaves(records: RecordStore, projectId: string, label: string): Promise<Leaf[] | undefined> {
  const leaves: Leaf[] = [];
  for await (const { body } of walkRows(records, sealedTracesPk(projectId, label), { forward: true })) {
    const piece = SealedTraces.safeParse(body);
    if (!piece.success) return undefined;
    leaves.push(...piece.data.traces);
  }
  return leaves;
}
