/**
 * Deleting a backup only hides it: an intent says that its roots may go, and each root goes once nothing pins it — no open
 * run that reads it, no binding that compares with it.
 */
import type { Write } from "../../ports/record-store.ts";
import { type Backup, Binding, Intent, OpenRun, type Part } from "../records/entities.ts";
import { bindingKey, INTENTS, intentKey, OPEN_RUNS, runKey } from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import { listAll } from "../records/tables.ts";
import type { Services } from "../services.ts";

/** docs/format.md, "Intents": a root without a record is only ever removed when its intent object exists. */
const intentObject = (domainId: string, rootId: string): string => `${domainId}/intents/${rootId}`;
const rootObject = (domainId: string, rootId: string): string => `${domainId}/roots/${rootId}`;

/** The durable word of a person that this root may go. Idempotent: a second put finds the first. */
export async function writeIntent(s: Services, backup: Backup, part: Part): Promise<void> {
  const intent = { format: 1, root: part.id, backup: backup.id, at: new Date(s.now()).toISOString() };
  await s.objects.putIfAbsent(intentObject(backup.domainId, part.id), Buffer.from(JSON.stringify(intent)));
}

/**
 * Trashes the roots of a domain whose backups were deleted and that nothing pins. Open runs are read after the intents:
 * a run opens only on roots that a binding names, so a root seen unpinned here cannot be pinned later.
 * @returns how many roots went
 */
export async function sweepRoots(s: Services, domainId: string): Promise<number> {
  const pk = runKey(domainId, "").pk;
  const intents = await listAll(s.records, Intent, pk, INTENTS);
  if (intents.length === 0) return 0;
  const open = await listAll(s.records, OpenRun, pk, OPEN_RUNS);
  const pinned = new Set(open.flatMap((run) => [...run.pins, ...run.disks.map((d) => d.rootId)]));
  let swept = 0;
  for (const intent of intents) {
    if (pinned.has(intent.rootId)) continue;
    const item = await s.records.get(bindingKey(intent.vaultId, intent.resourceId), { consistent: true });
    if (item !== undefined && parseItem(Binding, item).baselines[intent.diskId] === intent.rootId) continue;
    await s.objects.trash(rootObject(domainId, intent.rootId));
    // Loses to nobody that matters: a twin that swept the same root has done the same.
    const done: Write = { op: "delete", key: intentKey(domainId, intent.rootId), if: "any" };
    await s.records.transact([done]);
    swept++;
  }
  return swept;
}
