/** Under which hour does a trace stand? Its own, as long as that is not sealed. */
import type { Instant } from "../../domain/values.ts";
import { ConditionFailed, type RecordStore, TransactionRefused } from "../../ports/record-store.ts";
import {
  type AuditHead,
  auditHeadKey,
  HOUR_MS,
  hourOf,
  type OpenHour,
  openHourKey,
  sealedHourKey,
} from "../records/audit.ts";
import { insertAt } from "../records/tables.ts";
import type { RecordServices } from "../services.ts";
import { GENESIS } from "./hashes.ts";

interface Opened {
  readonly hour: string;
  readonly label: string;
}
/** By store and project: the hour that was opened last. Remembered, as each change asks; one entry a project. */
const opened = new WeakMap<RecordStore, Map<string, Opened>>();

/**
 * The label under which traces of this instant stand; the tick finds it and seals it. One look a process, project and hour.
 * An hour that is sealed takes nothing any more: after a clock that was set back another label is opened for it.
 */
export async function openHour(s: RecordServices, projectId: string, at: Instant): Promise<string> {
  const known = opened.get(s.records) ?? new Map<string, Opened>();
  opened.set(s.records, known);
  const hour = hourOf(at);
  const last = known.get(projectId);
  if (last?.hour === hour) return last.label;
  await ensureHead(s, projectId, at);
  for (let n = 0; ; n++) {
    const label = n === 0 ? hour : `${hour}~${n}`;
    if (!(await openLabel(s, projectId, label))) continue;
    known.set(projectId, { hour, label });
    return label;
  }
}

/** Called by who seals an hour: the next trace looks again. */
export function forgetHour(records: RecordStore, projectId: string, label: string): void {
  const known = opened.get(records);
  if (known?.get(projectId)?.label === label) known.delete(projectId);
}

/** @returns false when the label is sealed */
async function openLabel(s: RecordServices, projectId: string, label: string): Promise<boolean> {
  try {
    await s.records.transact([
      // Loses to whoever opened it before, which is as good.
      insertAt({ key: openHourKey(projectId, label) }, { schema: 1, label } satisfies OpenHour),
      { op: "check", key: sealedHourKey(projectId, label), if: "absent" },
    ]);
    return true;
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    return !error.failed.includes(1);
  }
}

async function ensureHead(s: RecordServices, projectId: string, at: Instant): Promise<void> {
  const key = auditHeadKey(projectId);
  if ((await s.records.get(key, { consistent: true })) !== undefined) return;
  const head: AuditHead = { schema: 1, projectId, number: 0, hash: GENESIS, lastHour: hourOf(at - HOUR_MS) };
  try {
    // Loses to another first change of this project, which writes the same.
    await s.records.write(insertAt({ key }, head));
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}
