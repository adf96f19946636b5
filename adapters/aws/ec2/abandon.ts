/** How is a restore undone that did not get to its end? */
import { DeleteVolumeCommand, StartInstancesCommand, type Volume } from "@aws-sdk/client-ec2";
import type { Restoring } from "../../../core/ports/restore-targets.ts";
import {
  type Account,
  filter,
  instancesBy,
  isCode,
  poll,
  QUICK_MS,
  type RestoreAccount,
  volumesById,
} from "./account.ts";
import { attach, keepEnding, type Place, placeOf, plannedPlace, untag } from "./places.ts";
import { restoreSnapshots, restoreVolumes } from "./restored.ts";
import { settle } from "./settle.ts";
import { deleteSnapshots, WAIT_MS } from "./snapshots.ts";
import { fromTags, TAG } from "./tags.ts";

type Made = Volume & { readonly VolumeId: string };

/**
 * Deletes the restore's snapshots, and its volumes that are not in place. Where the old volume had left its place and the new
 * one had not come, the old one is put back first; an instance that then has all of its old volumes, or all new ones, is
 * started again if the restore stopped it. One that has some new and some old volumes stays stopped: whoever looks after it decides.
 * @throws Error when the server could not be started yet, and when an old volume could not be put back: its server stays stopped, and the new volume stays, because only
 * its tag says where the old one belongs. Everything else was done; called again, it tries again
 */
export async function abandonRestore(account: RestoreAccount, restoring: Restoring): Promise<void> {
  const { restoreId } = restoring;
  const volumes = await restoreVolumes(account, restoreId);
  const placed = [...volumes.values()].filter(isPlaced).length;
  // One end for all: many volumes that hang must not take longer than who calls has.
  const end = account.timing.now() + WAIT_MS / 2;
  const failed: unknown[] = [];
  for (const [from, made] of volumes) {
    const place = plannedPlace(made);
    try {
      if (isPlaced(made)) {
        if (!isSettled(made)) await settle(account, restoring, { from, to: made.VolumeId }, place);
        continue;
      }
      if (place !== undefined) await putBack(account, from, place, end);
      await deleteVolume(account, made.VolumeId);
    } catch (error) {
      // The other volumes do not wait for it.
      failed.push(error);
    }
  }
  if (failed.length > 0) throw failed[0];
  for await (const { InstanceId, State } of instancesBy(account.ec2, [filter(`tag:${TAG.restart}`, restoreId)])) {
    const stopped = State?.Name === "stopped" || State?.Name === "stopping";
    if (stopped && (placed === 0 || placed === volumes.size)) await startWhenStopped(account, InstanceId);
    await untag(account, InstanceId, TAG.restart);
  }
  const snapshots = await restoreSnapshots(account, restoreId);
  await deleteSnapshots(
    account,
    [...snapshots.values()].map(({ SnapshotId }) => SnapshotId),
  );
}

const isSettled = (volume: Made): boolean => fromTags(volume.Tags)[TAG.inPlace] !== undefined;
const isPlaced = (volume: Made): boolean => placeOf(volume) !== undefined || isSettled(volume);

/** @throws Error when it does not stand there again by then */
async function putBack(account: Account, from: string, place: Place, end: number): Promise<void> {
  const { ec2, timing } = account;
  const back = await poll(timing, { end, firstWait: QUICK_MS }, async () => {
    const old = (await volumesById(ec2, [from])).get(from);
    const stands = old && placeOf(old);
    if (old === undefined || stands?.state === "attached") return true;
    if (stands === undefined) await attach(account, from, place);
    return undefined;
  });
  if (back !== true)
    throw new Error(`volume ${from} could not be put back: it belongs to ${place.instanceId} as ${place.device}`);
  if (place.deleteOnTermination) await keepEnding(account, place);
}

/** @throws Error when it is still stopping after two minutes */
async function startWhenStopped({ ec2, timing }: Account, InstanceId: string): Promise<void> {
  const started = await poll(timing, { end: timing.now() + WAIT_MS / 2, firstWait: QUICK_MS }, async () => {
    try {
      await ec2.send(new StartInstancesCommand({ InstanceIds: [InstanceId] }));
      return true;
    } catch (error) {
      // It is still stopping.
      if (!isCode(error, "IncorrectInstanceState")) throw error;
      return undefined;
    }
  });
  if (started !== true) throw new Error(`instance ${InstanceId} could not be started: it is still stopping`);
}

/** Gone already is fine; one that came into use by then, or is still being made, stays and is among what is held. */
export async function deleteVolume({ ec2, log }: Account, VolumeId: string): Promise<void> {
  try {
    await ec2.send(new DeleteVolumeCommand({ VolumeId }));
  } catch (error) {
    if (isCode(error, "InvalidVolume.NotFound")) return;
    if (!isCode(error, "VolumeInUse", "IncorrectState")) throw error;
    log(`volume ${VolumeId} stays: ${(error as Error).message}`);
  }
}
