/** Lets go of a backup that was in the trash long enough: after this it cannot come back, and its roots go when nothing pins them. */
import { asBackup, byItself } from "../audit/by-itself.ts";
import { traceWrite } from "../audit/record-trace.ts";
import { type Due, Part } from "../records/entities.ts";
import { aliasKey, backupKey, metadataKey, PARTS, partKey, trashKey } from "../records/keys.ts";
import type { Versioned } from "../records/record.ts";
import { listAll, load, replace } from "../records/tables.ts";
import { type Trashed, trash } from "../records/trash.ts";
import { intentsOfPurged } from "../repository/intents.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { observedMs } from "../time/clock.ts";

/** A return that is under way ends within its task's time. */
const RETURNING_MS = 10 * 60 * 1000;

/**
 * Idempotent. One transaction, under the version of the trash's row: it loses to a return, and after it none can begin.
 * @returns when to look again; undefined = nothing is left to do
 */
export const purgeTrashed = (s: Services, { input }: Due): Promise<number | undefined> =>
  withFreshState(async () => {
    const backupId = String(input.backupId);
    const trashed = await load(s.records, trash, trashKey(backupId));
    if (trashed?.state !== "trashed") return undefined;
    const now = s.now();
    if (trashed.returning !== undefined) return now + RETURNING_MS;
    const wait = await waitFor(s, trashed, now);
    if (wait > 0) return now + wait;
    const parts = await listAll(s.records, Part, backupKey(backupId).pk, PARTS);
    await s.records.transact([
      replace(trash, { ...trashed, state: "purged", purgedAt: now }),
      ...intentsOfPurged(s, trashed.backup, parts),
      ...parts.flatMap((part) => [
        { op: "delete", key: partKey(backupId, part.id), if: "any" } as const,
        ...(part.id === backupId ? [] : [{ op: "delete", key: aliasKey(part.id), if: "any" } as const]),
      ]),
      { op: "delete", key: metadataKey(backupId), if: "any" },
      await traceWrite(s, byItself("purgeBackup", asBackup(trashed.backup), trashed.backup), { outcome: "success" }),
    ]);
    return undefined;
  });

/**
 * Milliseconds that are missing. The clock alone is not believed: as much time has to have passed under the eyes of the tick, so
 * that a clock that runs away, or a host that was off, takes nobody's day to change their mind (design §7). Of what was deleted
 * by a clock that was ahead only that time counts.
 */
async function waitFor(s: Services, trashed: Versioned<Trashed>, now: number): Promise<number> {
  const observed = (await observedMs(s)) - trashed.observed;
  const byClock = now < trashed.deletedAt ? 0 : trashed.notBefore - now;
  return Math.max(byClock, trashed.notBefore - trashed.deletedAt - observed);
}
