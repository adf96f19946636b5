/** How is the new volume made that is to take a live one's place? */
import { CreateTagsCommand, CreateVolumeCommand, type Volume, type VolumeType } from "@aws-sdk/client-ec2";
import { GIB } from "../../../core/domain/values.ts";
import type { TargetRef } from "../../../core/ports/blocks.ts";
import type { Replacement, Restoring } from "../../../core/ports/restore-targets.ts";
import { poll, QUICK_MS, type RestoreAccount, volumesById } from "./account.ts";
import { snapshotIdsOf } from "./restore-snapshots.ts";
import { restoreTags, restoreVolumes, stepToken } from "./restored.ts";
import { WAIT_MS } from "./snapshots.ts";
import { fromTags, TAG, type Tags, tagsToCopy, toTags } from "./tags.ts";

/**
 * One volume for each target: zone, type, speed and tags of the live one, content of the restored snapshot. Waits until all
 * can be attached. Those that the restore made before are found by their tags; the token covers the time until EC2 shows them.
 */
export async function replacementVolumes(
  account: RestoreAccount,
  restoring: Restoring,
): Promise<{ readonly done: boolean; readonly replacements: readonly Replacement[] }> {
  const { ec2, timing } = account;
  const end = timing.now() + WAIT_MS;
  const snapshots = await snapshotIdsOf(account, restoring);
  const made = await restoreVolumes(account, restoring.restoreId);
  const live = await volumesById(
    ec2,
    restoring.targets.map(({ diskId }) => diskId),
  );
  const replacements: Replacement[] = [];
  for (const [i, target] of restoring.targets.entries()) {
    const from = target.diskId;
    const snapshotId = snapshots[i] as string;
    const to =
      made.get(from)?.VolumeId ?? (await make(account, restoring, { target, snapshotId, live: live.get(from) }));
    replacements.push({ from, to });
  }
  const done = await poll(timing, { end, firstWait: QUICK_MS }, async () => {
    const found = await volumesById(
      ec2,
      replacements.map(({ to }) => to),
    );
    const states = replacements.map(({ to }) => [to, found.get(to)?.State] as const);
    const failed = states.find(([, state]) => state === "error" || state === "deleting" || state === "deleted");
    if (failed !== undefined) throw new Error(`the new volume ${failed[0]} is in the state ${failed[1]}`);
    return states.every(([, state]) => state === "available" || state === "in-use") || undefined;
  });
  return done === true ? { done, replacements } : { done: false, replacements: [] };
}

async function make(
  account: RestoreAccount,
  restoring: Restoring,
  { target, snapshotId, live }: { target: TargetRef; snapshotId: string; live: Volume | undefined },
): Promise<string> {
  const { availabilityZone, volumeType, iops, throughput, multiAttach } = target.detail;
  if (typeof availabilityZone !== "string") throw new Error(`it is not known in which zone disk ${target.diskId} is`);
  const tags: Tags = { ...tagsToCopy(live?.Tags), ...restoreTags(account, restoring, target.diskId) };
  // The snapshot is encrypted as the live volume is; the new volume takes its key from it (CreateVolume, KmsKeyId).
  const answer = await account.ec2.send(
    new CreateVolumeCommand({
      SnapshotId: snapshotId,
      AvailabilityZone: availabilityZone,
      Size: target.size / GIB,
      ClientToken: stepToken("volume", restoring.restoreId, target.diskId),
      TagSpecifications: [{ ResourceType: "volume", Tags: toTags(tags) }],
      ...(typeof volumeType === "string" && { VolumeType: volumeType as VolumeType }),
      // Only these types take them (CreateVolume); the others have what comes with their size.
      ...(typeof iops === "number" && ["io1", "io2", "gp3"].includes(String(volumeType)) && { Iops: iops }),
      ...(typeof throughput === "number" && volumeType === "gp3" && { Throughput: throughput }),
      ...(multiAttach === true && { MultiAttachEnabled: true }),
    }),
  );
  if (answer.VolumeId === undefined) throw new Error("EC2 made a volume and did not say which");
  if (fromTags(answer.Tags)[TAG.restore] !== restoring.restoreId)
    await account.ec2.send(new CreateTagsCommand({ Resources: [answer.VolumeId], Tags: toTags(tags) }));
  return answer.VolumeId;
}
