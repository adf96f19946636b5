/** How do our snapshots become ready, how are they given back, and which do we still have? */
import { DeleteSnapshotCommand, type Snapshot } from "@aws-sdk/client-ec2";
import { type Capture, CaptureRefused, type HeldCapture } from "../../../core/ports/resource-provider.ts";
import { type Account, filter, isCode, PATIENT_MS, poll, snapshotsBy, snapshotsById } from "./account.ts";
import { fromTags, ownerOf, TAG } from "./tags.ts";

/** Tasks that wait end by themselves after four minutes (ports). */
export const WAIT_MS = 4 * 60_000 - 15_000;
/** A snapshot that was just made may not be found yet: EC2 answers are eventually consistent (EC2 API Reference). */
const UNSEEN_MS = 60_000;
/** The disk's state does not allow it (BackupService number). */
const NOT_FIT = "7003";

/** Waits until all of them are completed. @returns false when that takes longer @throws CaptureRefused when it never will be */
export async function waitForCapture({ ec2, timing }: Account, capture: Capture): Promise<boolean> {
  const begun = timing.now();
  const done = await poll(timing, { end: begun + WAIT_MS, firstWait: PATIENT_MS }, async () => {
    const found = await snapshotsById(ec2, idsOf(capture));
    for (const { diskId, snapshotId } of capture.disks) {
      const snapshot = found.get(snapshotId);
      const gone = snapshot === undefined && timing.now() - begun >= UNSEEN_MS;
      const reason = gone ? "it is gone" : failure(snapshot);
      if (reason !== undefined)
        throw new CaptureRefused(diskId, NOT_FIT, `snapshot ${snapshotId} of disk ${diskId}: ${reason}`);
    }
    return capture.disks.every(({ snapshotId }) => found.get(snapshotId)?.State === "completed") || undefined;
  });
  return done ?? false;
}

/** Why a snapshot can never be read; undefined when it can, or may be. */
function failure(snapshot: Snapshot | undefined): string | undefined {
  const state = snapshot?.State;
  if (state === undefined || state === "pending" || state === "completed") return undefined;
  return [`EC2 reports it as ${state}`, snapshot?.StateMessage].filter(Boolean).join(": ");
}

/** Snapshots never change: what was read is what was captured as long as they are there. */
export async function confirmCapture({ ec2 }: Account, capture: Capture) {
  const found = await snapshotsById(ec2, idsOf(capture));
  const lost = capture.disks.find(({ snapshotId }) => found.get(snapshotId)?.State !== "completed");
  if (lost === undefined) return { unchanged: true } as const;
  const state = found.get(lost.snapshotId)?.State ?? "gone";
  return { unchanged: false, reason: `snapshot ${lost.snapshotId} of disk ${lost.diskId} is ${state}` } as const;
}

/**
 * Deletes snapshots; those that are gone already are fine. One that somebody made an AMI of cannot be deleted
 * (InvalidSnapshot.InUse): it stays, is told, and is among what is held, so that it is tried again. It is no reason to fail
 * the backup that it belongs to.
 */
export async function deleteSnapshots({ ec2, log }: Account, ids: readonly string[]): Promise<void> {
  for (const SnapshotId of ids) {
    try {
      await ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
    } catch (error) {
      if (isCode(error, "InvalidSnapshot.NotFound")) continue;
      if (!isCode(error, "InvalidSnapshot.InUse")) throw error;
      log(`snapshot ${SnapshotId} stays: ${(error as Error).message}`);
    }
  }
}

/** Deletes those of the snapshots that are ours. */
export async function deleteOwnSnapshots(account: Account, ids: readonly string[]): Promise<void> {
  const own = await snapshotsById(account.ec2, ids, filter(`tag:${TAG.deployment}`, account.deployment));
  await deleteSnapshots(account, [...own.keys()]);
}

/** Every capture of this deployment that has a snapshot. */
export async function* heldCaptures({ ec2, deployment }: Account): AsyncGenerator<HeldCapture> {
  const filters = [filter(`tag:${TAG.deployment}`, deployment), filter("tag-key", TAG.run)];
  for await (const { SnapshotId, VolumeId, StartTime, Tags } of snapshotsBy(ec2, filters)) {
    const tags = fromTags(Tags);
    yield {
      ...ownerOf(tags),
      snapshotId: SnapshotId,
      diskId: VolumeId ?? "",
      runId: tags[TAG.run] ?? "",
      takenAt: StartTime?.getTime() ?? 0,
    };
  }
}

const idsOf = (capture: Capture): readonly string[] => capture.disks.map(({ snapshotId }) => snapshotId);
