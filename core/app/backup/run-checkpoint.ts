/** The first and last task of a run over a vault. */
import { type CaughtError, failureOf } from "../failure.ts";
import { endScheduledRun } from "../policies/end-scheduled-run.ts";
import { Member } from "../records/entities.ts";
import { checkpointKey } from "../records/keys.ts";
import { checkpoints, listAll, load } from "../records/tables.ts";
import { sweepRoots } from "../repository/intents.ts";
import { defaultDomain } from "../repository/keyring.ts";
import type { Services } from "../services.ts";
import { tellOfVault } from "../tell.ts";
import { settleCapacity } from "../vaults/settle-capacity.ts";

const membersOf = (s: Services, checkpointId: string) =>
  listAll(s.records, Member, checkpointKey(checkpointId).pk, "M#");

/** @returns the backups whose runs are still to do; at most 256, ids only */
export async function prepareCheckpoint(
  s: Services,
  { checkpointId }: { readonly checkpointId: string },
): Promise<{ readonly members: readonly string[] }> {
  const members = await membersOf(s, checkpointId);
  return { members: members.filter((m) => m.status === "protecting").map((m) => m.backupId) };
}

/** Tells people how the run ended. Statuses are not set here: each member's own transaction has set them. */
export async function concludeCheckpoint(
  s: Services,
  { checkpointId, error }: { readonly checkpointId: string; readonly error?: CaughtError },
): Promise<void> {
  const checkpoint = await load(s.records, checkpoints, checkpointKey(checkpointId));
  if (checkpoint === undefined) return;
  if (error !== undefined) throw new Error(`run ${checkpointId} could not be prepared: ${failureOf(error).message}`);
  const members = await membersOf(s, checkpointId);
  await endScheduledRun(s, checkpoint, members);
  // Baselines have moved on and runs are closed: what only they held may go now, or at the next run or deletion.
  await sweepRoots(s, defaultDomain(checkpoint.projectId)).catch((failure: unknown) => {
    s.log({ level: "warn", text: "roots of deleted backups stay", checkpointId, cause: String(failure) });
  });
  await settleCapacity(s, checkpoint.vaultId);
  const failed = members.filter((m) => m.status === "error").length;
  s.metrics.count("backups_total", members.length - failed, { outcome: "available" });
  s.metrics.count("backups_total", failed, { outcome: "error" });
  await tellOfVault(s, checkpoint.vaultId, {
    severity: failed > 0 ? "warning" : "info",
    topic: "checkpoint.ended",
    projectId: checkpoint.projectId,
    message: `checkpoint ${checkpoint.name}: ${members.length - failed} of ${members.length} backups are available`,
    facts: { checkpoint_id: checkpointId, vault_id: checkpoint.vaultId, members: members.length, failed },
  });
}

/** Of a run whose workflow could not conclude it: what became of its point, once no member is running any more. */
export async function settleCheckpoint(
  s: Services,
  { checkpointId }: { readonly checkpointId: string },
): Promise<void> {
  const checkpoint = await load(s.records, checkpoints, checkpointKey(checkpointId));
  if (checkpoint !== undefined) await endScheduledRun(s, checkpoint, await membersOf(s, checkpointId));
}
