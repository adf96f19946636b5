/** Which snapshots and volumes has a restore made, and which of them is for which live volume? */
import { createHash } from "node:crypto";
import type { Filter, Snapshot, Volume } from "@aws-sdk/client-ec2";
import type { Restoring } from "../../../core/ports/restore-targets.ts";
import { type Account, filter, snapshotsBy, volumesBy } from "./account.ts";
import { fromTags, ownerTags, TAG, type Tags } from "./tags.ts";

/** What everything carries that a restore makes for the live volume `diskId`. */
export const restoreTags = (
  { deployment }: Account,
  { restoreId, owner }: Pick<Restoring, "restoreId" | "owner">,
  diskId: string,
): Tags => ({
  [TAG.deployment]: deployment,
  [TAG.restore]: restoreId,
  [TAG.disk]: diskId,
  ...ownerTags(owner),
});

const madeBy = ({ deployment }: Account, restoreId: string): Filter[] => [
  filter(`tag:${TAG.deployment}`, deployment),
  filter(`tag:${TAG.restore}`, restoreId),
];

/** By the live volume that each is for. Failed ones are not among them, nor snapshots that somebody took of our volumes. */
export async function restoreSnapshots(account: Account, restoreId: string) {
  const found = new Map<string, Snapshot & { readonly SnapshotId: string }>();
  const filters = [...madeBy(account, restoreId), filter("tag-key", TAG.filled)];
  for await (const snapshot of snapshotsBy(account.ec2, filters))
    if (snapshot.State !== "error") found.set(fromTags(snapshot.Tags)[TAG.disk] ?? "", snapshot);
  return found;
}

/** The new volumes, by the live volume that each is for; replaced volumes, which carry the restore as well, are not among them. */
export async function restoreVolumes(account: Account, restoreId: string) {
  const found = new Map<string, Volume & { readonly VolumeId: string }>();
  for await (const volume of volumesBy(account.ec2, madeBy(account, restoreId))) {
    const tags = fromTags(volume.Tags);
    const live = volume.State === "creating" || volume.State === "available" || volume.State === "in-use";
    if (live && tags[TAG.undoUntil] === undefined) found.set(tags[TAG.disk] ?? "", volume);
  }
  return found;
}

/** The same step of the same restore has the same token: EC2 and EBS then answer what they made before. 64 characters. */
export const stepToken = (step: string, restoreId: string, diskId: string): string =>
  createHash("sha256").update(`${step}\n${restoreId}\n${diskId}`).digest("hex");
