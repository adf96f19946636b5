/** Roots that no record speaks of: left by a run that failed and was not quite dead, or older than records that were restored. */
import type { BACKUP_STATUSES } from "../../domain/statuses.ts";
import { backupKey, INTENTS, intentKey, trashKey } from "../records/keys.ts";
import { walkItems } from "../records/tables.ts";
import type { Services } from "../services.ts";
import { intentObject, rootObject } from "./intents.ts";
import { openRuns } from "./open-runs.ts";

/** Keys of one getMany. */
const BATCH = 100;
/** A backup in one of these states has its roots for good reason. */
const SOUND: ReadonlySet<unknown> = new Set<(typeof BACKUP_STATUSES)[number]>(["available", "restoring", "deleting"]);

/**
 * Trashes roots that have no sound record but an intent object: nothing refers to them by right. Without that they are orphans:
 * kept, and returned, since records may have been restored from a copy. @returns ids of all orphans
 */
export async function settleOrphans(s: Services, domainId: string): Promise<readonly string[]> {
  const { runs } = await openRuns(s.records, domainId);
  const spokenOf = new Set(runs.flatMap((run) => [...run.pins, ...run.disks.map((d) => d.rootId)]));
  const roots: string[] = [];
  const prefix = rootObject(domainId, "");
  for await (const { name } of s.objects.list(prefix)) roots.push(name.slice(prefix.length));
  // Twice: a backup that came back from the trash between the two reads of one look seems to be in neither place.
  const unrecorded = await withoutRecord(s, await withoutRecord(s, roots));
  // After the records: whoever deletes or purges a backup takes its record away and writes the intent in one transaction. Read before
  // it, a root that was deleted meanwhile would seem to be spoken of by nobody, although a binding or a run still needs it.
  const { pk } = intentKey(domainId, "");
  for await (const item of walkItems(s.records, pk, INTENTS)) spokenOf.add(item.sk.slice(INTENTS.length));

  const orphans: string[] = [];
  for (const rootId of unrecorded) {
    if (spokenOf.has(rootId)) continue;
    if ((await s.objects.size(intentObject(domainId, rootId))) === undefined) orphans.push(rootId);
    else await s.objects.trash(rootObject(domainId, rootId));
  }
  return orphans;
}

/** Roots that neither a sound backup nor one in the trash speaks of. */
async function withoutRecord(s: Services, roots: readonly string[]): Promise<readonly string[]> {
  const unrecorded: string[] = [];
  for (let at = 0; at < roots.length; at += BATCH) {
    const batch = roots.slice(at, at + BATCH);
    const live = await s.records.getMany(batch.map(backupKey), { consistent: true });
    // After the live ones: a deletion takes a backup from there to here.
    const trashed = await s.records.getMany(batch.map(trashKey), { consistent: true });
    for (const [i, rootId] of batch.entries()) {
      const body = live[i]?.body;
      // Under a disk's own id stands its backup, or what points to its server's: that stays until the backup is purged.
      const recorded = body !== undefined && (body.aliasOf !== undefined || SOUND.has(body.status));
      if (!recorded && trashed[i]?.body.state !== "trashed") unrecorded.push(rootId);
    }
  }
  return unrecorded;
}
