/** How do new volumes take the places of the live ones, in steps of which each can be the last one before a crash? */
import { type Instance, StartInstancesCommand, StopInstancesCommand } from "@aws-sdk/client-ec2";
import { TargetUnusable } from "../../../core/ports/blocks.ts";
import type { Replacement, Restoring } from "../../../core/ports/restore-targets.ts";
import {
  type Account,
  filter,
  instancesBy,
  instancesById,
  isCode,
  poll,
  QUICK_MS,
  type RestoreAccount,
  volumesById,
} from "./account.ts";
import { attach, detach, type Place, placeOf, plannedPlace, planPlace, tag, untag } from "./places.ts";
import { snapshotIdsOf } from "./restore-snapshots.ts";
import { canReplaceRoot, replaceRoot, rootTaskOf } from "./root-task.ts";
import { settle } from "./settle.ts";
import { deleteSnapshots, WAIT_MS } from "./snapshots.ts";
import { fromTags, TAG } from "./tags.ts";

export type Swapping = Restoring & { readonly replacements: readonly Replacement[]; readonly powerOn: boolean };

/** What is to be done with one replacement, seen from how its two volumes stand now. */
type Move =
  | { readonly at: "placed"; readonly replacement: Replacement }
  | { readonly at: "arrived"; readonly replacement: Replacement; readonly place: Place | undefined }
  | { readonly at: "waiting"; readonly replacement: Replacement; readonly place: Place }
  | { readonly at: "detach" | "attach"; readonly replacement: Replacement; readonly place: Place };

/**
 * Looks, does what can be done now, and looks again, until all is done or the time is over. An instance is stopped for it
 * unless its root volume alone is replaced while it runs. When all volumes are in place, the restore's snapshots are
 * deleted: a volume does not need the snapshot it was made from (EBS User Guide, "Delete an Amazon EBS snapshot": deleting
 * one has no effect on a volume), its blocks are still loaded from what EBS keeps.
 */
export async function swapVolumes(account: RestoreAccount, swapping: Swapping): Promise<{ readonly done: boolean }> {
  const { timing } = account;
  const swap = new Swap(account, swapping);
  const done = await poll(
    timing,
    { end: timing.now() + WAIT_MS, firstWait: QUICK_MS },
    async () => (await swap.step()) || undefined,
  );
  if (done !== true) {
    if (swap.waitingFor !== undefined) account.log(`restore ${swapping.restoreId} waits: ${swap.waitingFor}`);
    return { done: false };
  }
  await deleteSnapshots(account, await snapshotIdsOf(account, swapping));
  return { done: true };
}

/** Which replacements stand in place: attached, or said to be by the tag that the swap writes at the end. */
export async function placedOf(
  { ec2 }: Account,
  replacements: readonly Replacement[],
): Promise<readonly Replacement[]> {
  const found = await volumesById(
    ec2,
    replacements.map(({ to }) => to),
  );
  return replacements.filter(({ to }) => {
    const volume = found.get(to);
    return volume !== undefined && (placeOf(volume) !== undefined || fromTags(volume.Tags)[TAG.inPlace] !== undefined);
  });
}

class Swap {
  readonly #account: RestoreAccount;
  readonly #swapping: Swapping;
  /** Places that were written down by this very process: EC2 may not show a new tag at once. */
  readonly #planned = new Map<string, Place>();
  #stopInstead = false;
  #waitingFor: Error | undefined;

  constructor(account: RestoreAccount, swapping: Swapping) {
    this.#account = account;
    this.#swapping = swapping;
  }

  /** @returns true when there is nothing left to do */
  async step(): Promise<boolean> {
    const moves = await this.#look();
    const open = moves.filter((move) => move.at !== "placed");
    for (const move of open)
      if (move.at === "arrived") await settle(this.#account, this.#swapping, move.replacement, move.place);
    const moving = open.filter((move) => move.at !== "arrived");
    if (moving.length === 0) return this.#startAgain();
    const instances = await instancesById(
      this.#account.ec2,
      moving.map(({ place }) => place.instanceId),
    );
    for (const [id, instance] of instances)
      await this.#moveOn(
        instance,
        moving.filter(({ place }) => place.instanceId === id),
      );
    return false;
  }

  async #look(): Promise<readonly Move[]> {
    const { replacements } = this.#swapping;
    const volumes = await volumesById(
      this.#account.ec2,
      replacements.flatMap(({ from, to }) => [from, to]),
    );
    return replacements.map((replacement): Move => {
      const from = volumes.get(replacement.from);
      const to = volumes.get(replacement.to);
      if (to === undefined) throw new Error(`the new volume ${replacement.to} is gone`);
      const [old, now, planned] = [
        from && placeOf(from),
        placeOf(to),
        plannedPlace(to) ?? this.#planned.get(replacement.to),
      ];
      if (fromTags(to.Tags)[TAG.inPlace] !== undefined) return { at: "placed", replacement };
      if (now !== undefined)
        return now.state === "attached"
          ? { at: "arrived", replacement, place: planned }
          : { at: "waiting", replacement, place: now };
      if (old !== undefined) return { at: old.state === "attached" ? "detach" : "waiting", replacement, place: old };
      return planned === undefined
        ? { at: "arrived", replacement, place: undefined }
        : { at: "attach", replacement, place: planned };
    });
  }

  /** All that can be done for one instance now. */
  async #moveOn(
    instance: Instance & { readonly InstanceId: string },
    moves: readonly (Move & { readonly place: Place })[],
  ): Promise<void> {
    if (await this.#rootOnly(instance, moves)) return;
    const state = instance.State?.Name;
    if (state === "running") return this.#stop(instance);
    if (state === "shutting-down" || state === "terminated")
      throw new TargetUnusable(`instance ${instance.InstanceId} is ${state}`);
    if (state !== "stopped") return;
    for (const { at, replacement, place } of moves) {
      if (at === "detach") {
        await this.#plan(replacement, place);
        await this.#patiently(detach(this.#account, replacement.from, place));
      }
      if (at === "attach") await this.#patiently(attach(this.#account, replacement.to, place));
    }
  }

  /** @returns true when the root volume is being replaced while the instance runs: then nothing else is to be done */
  async #rootOnly(
    instance: Instance & { readonly InstanceId: string },
    moves: readonly (Move & { readonly place: Place })[],
  ): Promise<boolean> {
    const { restoreId, replacements, powerOn, owner } = this.#swapping;
    const [move] = moves;
    if (this.#stopInstead || move === undefined || replacements.length !== 1 || !powerOn) return false;
    if (owner.resourceId !== instance.InstanceId || move.place.device !== instance.RootDeviceName) return false;
    const task = await rootTaskOf(this.#account, restoreId, instance.InstanceId);
    if (task !== undefined) {
      if (task.state.startsWith("failed")) this.#account.log(`replacing the root of ${instance.InstanceId} failed`);
      // After a success the new volume shows as attached soon.
      return !task.ended || task.state === "succeeded";
    }
    if (move.at !== "detach" || !canReplaceRoot(instance, move.place)) return false;
    await this.#plan(move.replacement, move.place);
    const started = await replaceRoot(this.#account, restoreId, move.place, move.replacement.to);
    this.#stopInstead = !started;
    return started;
  }

  /** Written before the old volume leaves: from then on nothing else says where the new one belongs. */
  async #plan({ to }: Replacement, place: Place): Promise<void> {
    await planPlace(this.#account, to, place);
    this.#planned.set(to, place);
  }

  /** What EC2 showed may be a moment old: when it says that the volume is in another state by now, the next look decides. */
  async #patiently(action: Promise<void>): Promise<void> {
    await action.catch((error: unknown) => {
      if (!isCode(error, "IncorrectState", "VolumeInUse")) throw error;
      this.#waitingFor = error as Error;
    });
  }

  /** What kept it from going on, if anything was said. */
  get waitingFor(): string | undefined {
    return this.#waitingFor?.message;
  }

  async #stop({ InstanceId }: { readonly InstanceId: string }): Promise<void> {
    const { restoreId, owner, powerOn } = this.#swapping;
    if (owner.resourceId !== InstanceId)
      throw new TargetUnusable(
        `instance ${InstanceId} runs and is not what is restored: stop it, or detach the volume, and try again`,
      );
    // Before it stops: afterwards nothing says that it ran.
    if (powerOn) await tag(this.#account, InstanceId, { [TAG.restart]: restoreId });
    await this.#account.ec2.send(new StopInstancesCommand({ InstanceIds: [InstanceId] }));
  }

  /** Starts what this restore stopped. @returns true when all of it is on its way */
  async #startAgain(): Promise<boolean> {
    const { restoreId } = this.#swapping;
    let done = true;
    for await (const instance of instancesBy(this.#account.ec2, [filter(`tag:${TAG.restart}`, restoreId)])) {
      const state = instance.State?.Name;
      if (state === "stopped")
        await this.#account.ec2.send(new StartInstancesCommand({ InstanceIds: [instance.InstanceId] }));
      if (state === "stopped" || state === "stopping") done = false;
      else await untag(this.#account, instance.InstanceId, TAG.restart);
    }
    return done;
  }
}
