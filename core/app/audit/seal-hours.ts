/** The tick's part in the audit trail: each hour that is over is sealed, chained to the one before and signed by the key. */
import { Buffer } from "node:buffer";
import type { Instant } from "../../domain/values.ts";
import { ConditionFailed, type Item, TransactionRefused } from "../../ports/record-store.ts";
import {
  AUDIT_HEADS,
  type AuditBatch,
  AuditHead,
  auditHeadKey,
  auditPk,
  batchKey,
  HOUR_MS,
  hourOf,
  hourOfLabel,
  OPEN_HOURS,
  OpenHour,
  openHourKey,
  type SealedHour,
  SealedTraces,
  sealedHourKey,
  sealedTracesKey,
  Trace,
} from "../records/audit.ts";
import { parseItem, toItem, type Versioned } from "../records/record.ts";
import { insertAt, listAll, load, replaceAt } from "../records/tables.ts";
import type { Services } from "../services.ts";
import { batchHash, type Leaf, leafOf, merkleRoot, sealContext } from "./hashes.ts";
import { forgetHour } from "./open-hours.ts";
import { walkTraces } from "./walk-traces.ts";

type SealServices = Pick<Services, "records" | "keys" | "now" | "log">;

/** So long after its end an hour is sealed: no request takes longer, and clocks of hosts differ by less. */
export const SEAL_AFTER_MS = 10 * 60_000;
/** An entry is about 110 bytes: a tenth of an item. */
const LEAVES_A_PIECE = 400;

/**
 * Seals what is due in every project's chain, oldest first, and the last hour even when nothing happened in it: so a chain
 * that was cut at its end is too short. Two ticks at once are harmless; a chain that cannot be sealed now is logged and due again.
 */
export async function sealHours(s: SealServices, horizon: Instant = s.now()): Promise<void> {
  const heads = await listAll(s.records, AuditHead, AUDIT_HEADS.pk, AUDIT_HEADS.prefix);
  for (const { projectId } of heads) {
    try {
      await sealProject(s, projectId, hourOf(horizon - SEAL_AFTER_MS));
    } catch (error) {
      s.log({ level: "error", text: "audit trail not sealed", projectId, error: String(error) });
    }
  }
}

/** `current`: the first hour that may still get traces. */
async function sealProject(s: SealServices, projectId: string, current: string): Promise<void> {
  const open = await listAll(s.records, OpenHour, auditPk(projectId), OPEN_HOURS);
  const due = open.filter(({ label }) => hourOfLabel(label) < current);
  for (const hour of due) await sealLabel(s, projectId, hour.label, hour);
  const head = await load(s.records, { schema: AuditHead }, auditHeadKey(projectId));
  const last = hourOf(Date.parse(`${current}:00:00Z`) - HOUR_MS);
  if (head !== undefined && head.lastHour < last) await sealLabel(s, projectId, last, undefined);
}

async function sealLabel(
  s: SealServices,
  projectId: string,
  label: string,
  open: Versioned<OpenHour> | undefined,
): Promise<void> {
  const head = await load(s.records, { schema: AuditHead }, auditHeadKey(projectId));
  // Another tick has sealed the empty hour meanwhile.
  if (head === undefined || (open === undefined && head.lastHour >= label)) return;
  const leaves: Leaf[] = [];
  if (open !== undefined)
    for await (const item of walkTraces(s.records, projectId, [label], { forward: true }))
      leaves.push(leafOf(await closed(s, item)));
  await keepLeaves(s, projectId, label, leaves);
  const batch = await signed(s, {
    projectId,
    number: head.number + 1,
    label,
    count: leaves.length,
    root: merkleRoot(leaves),
    previous: head.hash,
    sealedAt: s.now(),
  });
  await append(s, batch, head, open);
  forgetHour(s.records, projectId, label);
}

async function signed(s: SealServices, facts: Omit<AuditBatch, "schema" | "seal">): Promise<AuditBatch> {
  const seal = await s.keys.wrap(Buffer.from(batchHash(facts), "hex"), sealContext(facts));
  return { ...facts, schema: 1, seal: Buffer.from(seal).toString("base64") };
}

async function append(
  s: SealServices,
  batch: AuditBatch,
  head: Versioned<AuditHead>,
  open: Versioned<OpenHour> | undefined,
): Promise<void> {
  const { projectId, number, label, count } = batch;
  const hash = batchHash(batch);
  const lastHour = head.lastHour > hourOfLabel(label) ? head.lastHour : hourOfLabel(label);
  const key = openHourKey(projectId, label);
  const sealed: SealedHour = { schema: 1, label, number, count };
  try {
    // Loses to another tick that has sealed meanwhile, and an empty hour to a trace that came: the chain has one end.
    await s.records.transact([
      insertAt({ key: batchKey(projectId, number) }, batch),
      replaceAt({ key: auditHeadKey(projectId) }, { ...head, number, hash, lastHour }),
      insertAt({ key: sealedHourKey(projectId, label) }, sealed),
      open === undefined ? { op: "check", key, if: "absent" } : { op: "delete", key, if: { v: open.v } },
    ]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    if (error.failed.includes(0) && !error.failed.includes(1))
      throw new Error(`batch ${number} stands behind the end of the chain: verify the audit trail`, { cause: error });
    return;
  }
  // A copy of the chain's end that stands in no table.
  s.log({ level: "info", text: "audit hour sealed", projectId, hour: label, batch: number, traces: count, hash });
}

/** A trace whose outcome nobody has told by now is closed: it must not change once it is sealed. */
async function closed(s: SealServices, item: Item): Promise<Item> {
  const trace = parseItem(Trace, item);
  if (trace.outcome !== undefined) return item;
  const { pk, sk, v } = item;
  const written = toItem({ key: { pk, sk } }, { ...trace, outcome: "unknown" }, v);
  try {
    await s.records.write({ op: "put", item: written, if: { v } });
    return written;
  } catch (error) {
    // The outcome came after all, or another tick was faster.
    if (error instanceof ConditionFailed && error.current !== undefined) return error.current;
    throw error;
  }
}

/** Written before the batch counts, and the same however often: whoever dies in between does it again. */
async function keepLeaves(s: SealServices, projectId: string, label: string, leaves: readonly Leaf[]): Promise<void> {
  for (let piece = 0; piece * LEAVES_A_PIECE < leaves.length; piece++) {
    const traces = leaves.slice(piece * LEAVES_A_PIECE, (piece + 1) * LEAVES_A_PIECE).map(([sk, hash]) => [sk, hash]);
    const body = SealedTraces.parse({ schema: 1, traces });
    await s.records.write({
      op: "put",
      item: toItem({ key: sealedTracesKey(projectId, label, piece) }, body, 0),
      if: "any",
    });
  }
}
