/**
 * Deleting a backup for good only hides it: an intent says that its roots may go, and each root goes once nothing pins it — no open
 * run that reads it, no binding that compares with it.
 */
import type { Write } from "../../ports/record-store.ts";
import type { Backup, Part } from "../records/entities.ts";
import { INTENTS, intentKey } from "../records/keys.ts";
import { Intent } from "../records/repositories.ts";
import type { OpenRun } from "../records/runs.ts";
import { insertAt, listAll } from "../records/tables.ts";
import type { Services } from "../services.ts";
import { bindingNamed } from "../vaults/home.ts";
import { projectOf } from "./keyring.ts";
import { openRuns } from "./open-runs.ts";

/** docs/format.md, "Objects": a root without a record is only ever removed when its intent object exists. */
export const intentObject = (domainId: string, rootId: string): string => `${domainId}/intents/${rootId}`;
export const rootObject = (domainId: string, rootId: string): string => `${domainId}/roots/${rootId}`;

/** The durable word of a person that this root may go. Idempotent: a second put finds the first. */
export const writeIntent = (s: Services, backup: Backup, part: Part): Promise<void> =>
  putIntent(s, backup.domainId, part.id, backup.id);

async function putIntent(s: Services, domainId: string, root: string, backup: string): Promise<void> {
  const intent = { format: 1, root, backup, at: new Date(s.now()).toISOString() };
  await s.objects.putIfAbsent(intentObject(domainId, root), Buffer.from(JSON.stringify(intent)));
}

/**
 * Intents for what a failed run may have sealed just before it failed; nothing was before its capture. Rows only: a run
 * fails when the store is full, too. The objects follow when the roots go.
 */
export const intentsOfFailed = (s: Services, run: OpenRun): readonly Write[] =>
  run.capture === undefined
    ? []
    : run.disks.map(({ rootId, diskId }) => {
        const { vaultId, resourceId } = run;
        const intent: Intent = {
          schema: 1,
          rootId,
          vaultId,
          resourceId,
          diskId,
          at: s.now(),
          failedBackup: run.backupId,
        };
        return insertAt({ key: intentKey(run.domainId, rootId) }, intent);
      });

/** Intents for the roots of a backup that is purged from the trash: rows, as above, since a purge takes one transaction. */
export const intentsOfPurged = (s: Services, backup: Backup, parts: readonly Part[]): readonly Write[] =>
  parts.map(({ id, diskId }) => {
    const { vaultId, resourceId } = backup;
    const intent: Intent = {
      schema: 1,
      rootId: id,
      vaultId,
      resourceId,
      diskId,
      at: s.now(),
      failedBackup: backup.id,
    };
    return insertAt({ key: intentKey(backup.domainId, id) }, intent);
  });

/**
 * Trashes the roots of a domain whose backups were deleted and that nothing pins. Open runs are read after the intents:
 * a run opens only on roots that a binding names, so a root seen unpinned here cannot be pinned later.
 * @returns how many roots went
 */
export async function sweepRoots(s: Services, domainId: string): Promise<number> {
  const { pk } = intentKey(domainId, "");
  const intents = await listAll(s.records, Intent, pk, INTENTS);
  if (intents.length === 0) return 0;
  const { runs } = await openRuns(s.records, domainId);
  const pinned = new Set(runs.flatMap((run) => [...run.pins, ...run.disks.map((d) => d.rootId)]));
  let swept = 0;
  for (const intent of intents) {
    if (pinned.has(intent.rootId)) continue;
    const binding = await bindingNamed(s.records, { ...intent, projectId: projectOf(domainId) });
    if (binding?.baselines[intent.diskId] === intent.rootId) continue;
    if (intent.failedBackup !== undefined) await putIntent(s, domainId, intent.rootId, intent.failedBackup);
    await s.objects.trash(rootObject(domainId, intent.rootId));
    // Loses to nobody that matters: a twin that swept the same root has done the same.
    const done: Write = { op: "delete", key: intentKey(domainId, intent.rootId), if: "any" };
    await s.records.transact([done]);
    swept++;
  }
  return swept;
}
