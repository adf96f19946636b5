/** What do restores still hold in the account, and when may it be deleted? */
import type { Volume } from "@aws-sdk/client-ec2";
import type { HeldTarget } from "../../../core/ports/restore-targets.ts";
import { deleteVolume } from "./abandon.ts";
import { type Account, filter, snapshotsBy, volumesBy, volumesById } from "./account.ts";
import { placeOf } from "./places.ts";
import { UNDO_MS } from "./settle.ts";
import { deleteOwnSnapshots } from "./snapshots.ts";
import { fromTags, ownerOf, TAG } from "./tags.ts";

type Made = Volume & { readonly VolumeId: string };

/** Snapshots that were filled, volumes that are not in place, and volumes that were replaced. */
export async function* heldTargets(account: Account): AsyncGenerator<HeldTarget> {
  const ours = filter(`tag:${TAG.deployment}`, account.deployment);
  for await (const { SnapshotId, StartTime, Tags } of snapshotsBy(account.ec2, [ours, filter("tag-key", TAG.filled)])) {
    const tags = fromTags(Tags);
    const madeAt = StartTime?.getTime() ?? 0;
    yield { ...ownerOf(tags), kind: "snapshot", id: SnapshotId, restoreId: tags[TAG.restore] ?? "", madeAt };
  }
  for await (const volume of volumesBy(account.ec2, [ours, filter("tag-key", TAG.restore)])) {
    const held = await heldVolume(account, volume);
    if (held !== undefined) yield held;
  }
}

async function heldVolume(account: Account, volume: Made): Promise<HeldTarget | undefined> {
  const tags = fromTags(volume.Tags);
  const made = volume.CreateTime?.getTime() ?? 0;
  const held = { ...ownerOf(tags), id: volume.VolumeId, restoreId: tags[TAG.restore] ?? "" };
  if (tags[TAG.undoUntil] !== undefined || tags[TAG.replacedBy] !== undefined) {
    // Our tags on another volume, by somebody who copies tags: not the one that was replaced.
    if (tags[TAG.disk] !== volume.VolumeId) return undefined;
    const keepUntil = Date.parse(tags[TAG.undoUntil] ?? "");
    // A time that nobody can read is no permission to delete.
    if (Number.isNaN(keepUntil)) return { ...held, kind: "undo", madeAt: made };
    const undo = { ...held, kind: "undo", madeAt: keepUntil - UNDO_MS } as const;
    const over = keepUntil <= account.timing.now();
    return over && !(await isSuperseded(account, volume)) ? undo : { ...undo, keepUntil };
  }
  // Attached: it stands in place, whether or not the swap got to say so.
  if (tags[TAG.inPlace] !== undefined || placeOf(volume) !== undefined) return undefined;
  return { ...held, kind: "disk", madeAt: made };
}

/** A chain of restores is followed so far. */
const MOST_SUCCESSORS = 20;

/**
 * Does another volume do its work now: the one that replaced it, or one that replaced that? When none of them is attached,
 * somebody may have undone the restore by hand and have this very volume detached for a moment: it stays.
 */
async function isSuperseded(account: Account, replaced: Volume): Promise<boolean> {
  if (placeOf(replaced) !== undefined) return false;
  let next = fromTags(replaced.Tags)[TAG.replacedBy];
  for (let n = 0; next !== undefined && n < MOST_SUCCESSORS; n++) {
    const successor: Volume | undefined = (await volumesById(account.ec2, [next])).get(next);
    if (successor === undefined) return false;
    if (placeOf(successor) !== undefined) return true;
    next = fromTags(successor.Tags)[TAG.replacedBy];
  }
  return false;
}

/** Looks again before it deletes: what was told as held may be in place, in use or kept by now. */
export async function discardHeld(account: Account, { kind, id }: HeldTarget): Promise<void> {
  if (kind === "snapshot") return deleteOwnSnapshots(account, [id]);
  const volume = (await volumesById(account.ec2, [id])).get(id);
  if (volume === undefined || fromTags(volume.Tags)[TAG.deployment] !== account.deployment) return;
  const now = await heldVolume(account, volume);
  const over = now?.kind === "disk" || (now?.keepUntil ?? Number.POSITIVE_INFINITY) <= account.timing.now();
  if (over && now?.kind === kind && placeOf(volume) === undefined) await deleteVolume(account, id);
}
