/** What do restores still hold in the account, and when may it be deleted? */
import type { Volume } from "@aws-sdk/client-ec2";
import type { HeldTarget } from "../../../core/ports/restore-targets.ts";
import { deleteVolume } from "./abandon.ts";
import { type Account, filter, snapshotsBy, volumesBy, volumesById } from "./account.ts";
import { placeOf } from "./places.ts";
import { UNDO_MS } from "./settle.ts";
import { deleteOwnSnapshots } from "./snapshots.ts";
import { fromTags, ownerOf, TAG } from "./tags.ts";

/** Snapshots that were filled, volumes that are not in place, and volumes that were replaced. */
export async function* heldTargets(account: Account): AsyncGenerator<HeldTarget> {
  const filters = [filter(`tag:${TAG.deployment}`, account.deployment), filter("tag-key", TAG.restore)];
  for await (const { SnapshotId, StartTime, Tags } of snapshotsBy(account.ec2, filters)) {
    const tags = fromTags(Tags);
    const madeAt = StartTime?.getTime() ?? 0;
    yield { ...ownerOf(tags), kind: "snapshot", id: SnapshotId, restoreId: tags[TAG.restore] ?? "", madeAt };
  }
  for await (const volume of volumesBy(account.ec2, filters)) {
    const held = heldVolume(volume);
    if (held !== undefined) yield held;
  }
}

function heldVolume(volume: Volume & { readonly VolumeId: string }): HeldTarget | undefined {
  const tags = fromTags(volume.Tags);
  const held = { ...ownerOf(tags), id: volume.VolumeId, restoreId: tags[TAG.restore] ?? "" };
  const keepUntil = Date.parse(tags[TAG.undoUntil] ?? "");
  if (!Number.isNaN(keepUntil)) return { ...held, kind: "undo", madeAt: keepUntil - UNDO_MS, keepUntil };
  // Attached: it stands in place, whether or not the swap got to say so.
  if (tags[TAG.inPlace] !== undefined || placeOf(volume) !== undefined) return undefined;
  return { ...held, kind: "disk", madeAt: volume.CreateTime?.getTime() ?? 0 };
}

/** Looks again before it deletes: what was told as held may be in place, in use or kept by now. */
export async function discardHeld(account: Account, { kind, id }: HeldTarget): Promise<void> {
  if (kind === "snapshot") return deleteOwnSnapshots(account, [id]);
  const volume = (await volumesById(account.ec2, [id])).get(id);
  if (volume === undefined || fromTags(volume.Tags)[TAG.deployment] !== account.deployment) return;
  const now = heldVolume(volume);
  const over = now !== undefined && (now.kind === "disk" || (now.keepUntil ?? 0) <= account.timing.now());
  if (over && now.kind === kind && placeOf(volume) === undefined) await deleteVolume(account, id);
}
