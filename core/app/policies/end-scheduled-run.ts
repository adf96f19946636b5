/** A run over a vault has ended: the ledger says what became of the point that it was made for. */
import type { Checkpoint, Member } from "../records/entities.ts";
import { checkpointKey, SKIPPED } from "../records/keys.ts";
import { scheduledRunKey, scheduledRuns } from "../records/scheduled-runs.ts";
import { load, replace, walkItems } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { RecordServices } from "../services.ts";

/** Idempotent; a run that nobody scheduled has no row. `members`: as they ended. */
export async function endScheduledRun(
  s: RecordServices,
  checkpoint: Checkpoint,
  members: readonly Member[],
): Promise<void> {
  const { scheduled, vaultId } = checkpoint;
  if (scheduled === undefined || members.some(({ status }) => status === "protecting")) return;
  let skipped = 0;
  for await (const _ of walkItems(s.records, checkpointKey(checkpoint.id).pk, SKIPPED)) skipped++;
  const failed = members.filter(({ status }) => status === "error").length;
  // A process that died while it recorded the run left out the rest: nothing else would ever say so.
  const lost = Math.max(0, scheduled.resources - members.length - skipped);
  const reasons = [
    ...(failed > 0 ? [`${failed} of ${members.length} backups failed`] : []),
    ...(lost > 0 ? [`${lost} resources were left out: the service stopped while the run was being recorded`] : []),
    ...(skipped > 0 ? [`${skipped} resources were skipped`] : []),
  ];
  await withFreshState(async () => {
    const run = await load(
      s.records,
      scheduledRuns,
      scheduledRunKey({ ...scheduled, vaultId, operationType: "backup" }),
    );
    // Loses to another who ends the same run, and then finds it ended.
    if (run?.state !== "started" || run.checkpointId !== checkpoint.id) return;
    // ABD-07: what the beginning said of resources without a vault stays.
    const told = [...(run.reason === undefined ? [] : [run.reason]), ...reasons];
    await s.records.write(
      replace(scheduledRuns, {
        ...run,
        state: failed + lost > 0 ? "failed" : "done",
        ...(told.length > 0 && { reason: told.join("; ") }),
        endedAt: s.now(),
        counts: { available: members.length - failed, failed, skipped },
      }),
    );
  });
}
