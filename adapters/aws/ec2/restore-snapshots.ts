/** How are the snapshots that a restore writes to started, and completed into something that can be read? */
import { CompleteSnapshotCommand, StartSnapshotCommand } from "@aws-sdk/client-ebs";
import type { Volume } from "@aws-sdk/client-ec2";
import { GIB } from "../../../core/domain/values.ts";
import { ProviderUnavailable, type SnapshotRef, type TargetRef, TargetUnusable } from "../../../core/ports/blocks.ts";
import type { Restoring } from "../../../core/ports/restore-targets.ts";
import { unavailableOr } from "../clients.ts";
import { BLOCK_BYTES, EBS_PROVIDER } from "../ebs/references.ts";
import { instancesById, isCode, PATIENT_MS, poll, type RestoreAccount, snapshotsById, volumesById } from "./account.ts";
import { attachmentsOf } from "./disks.ts";
import { restoreSnapshots, restoreTags, stepToken } from "./restored.ts";
import { WAIT_MS } from "./snapshots.ts";
import { fromTags, TAG, toTags } from "./tags.ts";

/**
 * A snapshot that is not written to for so long cancels itself (StartSnapshot, Timeout: 10 to 4,320 minutes). A day: a
 * workflow that is taken up again tomorrow finds it; one that never is gives its place among 100 pending ones back.
 */
const IDLE_MINUTES = 24 * 60;

/** @throws TargetUnusable when a volume is gone, or its instance would not survive being stopped. Nothing was made then. */
export async function startSnapshots(account: RestoreAccount, restoring: Restoring): Promise<readonly TargetRef[]> {
  await checkLive(account, restoring);
  const made = await restoreSnapshots(account, restoring.restoreId);
  const prepared: TargetRef[] = [];
  for (const target of restoring.targets) {
    const snapshotId = made.get(target.diskId)?.SnapshotId ?? (await start(account, restoring, target));
    prepared.push({ ...target, detail: { ...target.detail, snapshotId } });
  }
  return prepared;
}

async function checkLive({ ec2 }: RestoreAccount, { targets }: Restoring): Promise<void> {
  const volumes = await volumesById(
    ec2,
    targets.map(({ diskId }) => diskId),
  );
  const gone = targets.find(({ diskId }) => !volumes.has(diskId));
  if (gone !== undefined) throw new TargetUnusable(`no volume has the id ${gone.diskId}`);
  const attached = [...volumes.values()].flatMap((volume: Volume) =>
    attachmentsOf(volume).flatMap(({ InstanceId }) => InstanceId ?? []),
  );
  for (const instance of (await instancesById(ec2, attached)).values()) {
    // A stopped instance is unhealthy to its group, which terminates it (EC2 Auto Scaling User Guide, "Health checks").
    const group = fromTags(instance.Tags)["aws:autoscaling:groupName"];
    if (group !== undefined && instance.State?.Name !== "stopped")
      throw new TargetUnusable(
        `instance ${instance.InstanceId} must be stopped for this, and its Auto Scaling group ${group} would terminate it: ` +
          "detach it from the group or put it on standby, and stop it first",
      );
  }
}

/** Ten calls a second, a hundred snapshots in progress (EBS quotas): others must get done first. */
function tooBusy(error: unknown): never {
  const busy = isCode(error, "ConcurrentLimitExceededException", "ServiceQuotaExceededException");
  throw busy ? new ProviderUnavailable((error as Error).message, { cause: error }) : unavailableOr(error);
}

async function start(account: RestoreAccount, restoring: Restoring, target: TargetRef): Promise<string> {
  const { encrypted, kmsKeyId } = target.detail;
  const answer = await account.ebs
    .send(
      new StartSnapshotCommand({
        VolumeSize: target.size / GIB,
        Description: `Holdfast ${account.deployment}, restore ${restoring.restoreId}`,
        ClientToken: stepToken("snapshot", restoring.restoreId, target.diskId),
        Timeout: IDLE_MINUTES,
        Tags: toTags({
          ...restoreTags(account, restoring, target.diskId),
          [TAG.filled]: restoring.restoreId,
        }),
        ...(encrypted === true && { Encrypted: true }),
        ...(encrypted === true && typeof kmsKeyId === "string" && { KmsKeyArn: kmsKeyId }),
      }),
    )
    .catch(tooBusy);
  if (answer.SnapshotId === undefined) throw new Error("EBS started a snapshot and did not say which");
  return answer.SnapshotId;
}

/** The snapshot of each target, in their order: as prepare wrote it down, else looked up. @throws Error for a target without one */
export async function snapshotIdsOf(account: RestoreAccount, restoring: Restoring): Promise<readonly string[]> {
  const known = restoring.targets.map(({ detail }) => detail.snapshotId);
  if (known.every((id) => typeof id === "string")) return known;
  const made = await restoreSnapshots(account, restoring.restoreId);
  return restoring.targets.map(({ diskId }) => {
    const id = made.get(diskId)?.SnapshotId;
    if (id === undefined) throw new Error(`restore ${restoring.restoreId} has no snapshot for disk ${diskId}`);
    return id;
  });
}

/** Completes them and waits until they are. A wrong number of blocks or a failed snapshot is an error. */
export async function completeSnapshots(
  account: RestoreAccount,
  restoring: Restoring & { readonly nonZero: readonly number[] },
): Promise<{ readonly done: boolean; readonly readBack: readonly SnapshotRef[] }> {
  const { ec2, timing } = account;
  const end = timing.now() + WAIT_MS;
  const ids = await snapshotIdsOf(account, restoring);
  const before = await snapshotsById(ec2, ids);
  const refused: unknown[] = [];
  for (const [i, SnapshotId] of ids.entries()) {
    if (before.get(SnapshotId)?.State === "completed") continue;
    const ChangedBlocksCount = Math.ceil((restoring.nonZero[i] ?? 0) / BLOCK_BYTES);
    try {
      await account.ebs.send(new CompleteSnapshotCommand({ SnapshotId, ChangedBlocksCount })).catch(tooBusy);
    } catch (error) {
      // It may be that it was completed before and EC2 is not done with it yet: then it becomes completed by itself.
      const known = before.has(SnapshotId) && isCode(error, "ResourceNotFoundException");
      if (!known && !isCode(error, "ValidationException", "ConflictException")) throw error;
      refused.push(error);
    }
  }
  const done = await poll(timing, { end, firstWait: PATIENT_MS }, async () => {
    const found = await snapshotsById(ec2, ids);
    for (const id of ids) {
      const { State, StateMessage } = found.get(id) ?? {};
      if (State === "error") throw new Error(`snapshot ${id} failed: ${StateMessage ?? "EC2 gives no reason"}`);
    }
    return ids.every((id) => found.get(id)?.State === "completed") || undefined;
  });
  if (done !== true && refused.length > 0) throw refused[0];
  if (done !== true) return { done: false, readBack: [] };
  return { done: true, readBack: restoring.targets.map((target, i) => readBackOf(target, ids[i] as string)) };
}

const readBackOf = ({ diskId, size }: TargetRef, snapshotId: string): SnapshotRef => ({
  provider: EBS_PROVIDER,
  diskId,
  snapshotId,
  size,
  detail: {},
});
