/** Do restores to EBS put new volumes in the live ones' places, whatever is lost on the way? */
import { beforeEach, describe, expect, test } from "vitest";
import { TargetUnusable } from "../../../core/ports/blocks.ts";
import type { RestoreTargets, Restoring } from "../../../core/ports/restore-targets.ts";
import { restoreTargetsContract } from "../../contracts/restore-targets.ts";
import { type FakeRestoreWorld, openFakeRestoreWorld } from "../../support/fake-ec2/restore-world.ts";

restoreTargetsContract("EC2 in memory", openFakeRestoreWorld);

const BLOCK = 512 * 1024;

describe("restores to EBS", () => {
  let world: FakeRestoreWorld;
  beforeEach(async () => {
    world = await openFakeRestoreWorld();
  });

  /** Goes on until everything is done, with a new process each time an answer is lost. */
  async function stubborn<T>(step: (targets: RestoreTargets) => Promise<T>, done: (answer: T) => boolean): Promise<T> {
    for (let tries = 0; tries < 50; tries++) {
      try {
        const answer = await step(world.restarted());
        if (done(answer)) return answer;
      } catch (error) {
        if ((error as Error).name !== "AnswerLost") throw error;
      }
    }
    throw new Error("it never got done");
  }

  async function prepare(resourceId: string, disks: readonly string[], restoreId = "restore-1"): Promise<Restoring> {
    const owner = { domainId: "d", vaultId: "v", resourceId };
    const asked = await Promise.all(disks.map((diskId) => world.provider.target({ diskId, size: world.size })));
    const targets = await stubborn(
      (t) => t.prepare({ restoreId, owner, targets: asked }),
      () => true,
    );
    return { restoreId, owner, targets };
  }

  async function fill(restoring: Restoring, value = 7): Promise<void> {
    for (const ref of restoring.targets) {
      const target = await world.blocks.openTarget(ref);
      await target.write(0, new Uint8Array(BLOCK).fill(value));
      await target.sync();
      await target.close();
    }
  }

  async function conclude(restoring: Restoring, powerOn = true) {
    const nonZero = restoring.targets.map(() => BLOCK);
    await stubborn(
      (t) => t.finish({ ...restoring, nonZero }),
      ({ done }) => done,
    );
    const { replacements } = await stubborn(
      (t) => t.replacements(restoring),
      ({ done }) => done,
    );
    await stubborn(
      (t) => t.swap({ ...restoring, replacements, powerOn }),
      ({ done }) => done,
    );
    return replacements;
  }

  test("a running server is stopped, gets its disks, and is started again", async () => {
    const server = await world.makeServer(3, true);
    const restoring = await prepare(server.id, server.disks);
    await fill(restoring);
    await conclude(restoring);
    expect(await world.seenBy(server.id)).toEqual([7, 7, 7]);
    expect(await world.isRunning(server.id)).toBe(true);
    expect(world.account.changes.instance(server.id)).toMatchObject({ stops: 1, starts: 1 });
    expect(world.account.state.tagsOf(server.id).has("holdfast:restart")).toBe(false);
  });

  test("without powerOn it stays off, and one that was off is never started", async () => {
    const one = await world.makeServer(2, true);
    const first = await prepare(one.id, one.disks);
    await fill(first);
    await conclude(first, false);
    expect(await world.isRunning(one.id)).toBe(false);
    const two = await world.makeServer(2, false);
    const second = await prepare(two.id, two.disks, "restore-2");
    await fill(second);
    await conclude(second, true);
    expect(world.account.changes.instance(two.id)).toMatchObject({ stops: 0, starts: 0 });
  });

  test("the root alone of a running server is replaced without stopping it", async () => {
    const server = await world.makeServer(2, true);
    const restoring = await prepare(server.id, [server.disks[0] as string]);
    await fill(restoring);
    const [replacement] = await conclude(restoring);
    expect(world.account.at(server.id, "/dev/xvda")).toBe(replacement?.to);
    expect(await world.seenBy(server.id)).toEqual([7, 1]);
    expect(world.account.changes.instance(server.id)).toMatchObject({ stops: 0, starts: 0 });
    expect(world.account.count("CreateReplaceRootVolumeTask")).toBe(1);
    // As the old root did, the new one ends with its instance; the old one is kept.
    expect(world.account.changes.volume(replacement?.to).attachments[0]?.deleteOnTermination).toBe(true);
    expect(world.account.changes.volume(replacement?.from).state).toBe("available");
  });

  test.each(["unknown", "fails"] as const)(
    "where the task that replaces a root %s, the server is stopped for it",
    async (how) => {
      world.account.changes.rootReplacement = how;
      const server = await world.makeServer(1, true);
      const restoring = await prepare(server.id, server.disks);
      await fill(restoring);
      await conclude(restoring);
      expect(await world.seenBy(server.id)).toEqual([7]);
      expect(await world.isRunning(server.id)).toBe(true);
      expect(world.account.changes.instance(server.id)).toMatchObject({ stops: 1, starts: 1 });
    },
  );

  test("a new volume is like the live one: zone, type, speed, tags, device, and whether it ends with the instance", async () => {
    const server = await world.makeServer(2, false);
    const live = world.account.state.tagsOf(server.disks[0] as string);
    live.set("Name", "root of web").set("aws:cloudformation:stack-name", "web").set("holdfast:in-place", "older");
    const restoring = await prepare(server.id, server.disks);
    await fill(restoring);
    const [root, data] = await conclude(restoring);
    const made = world.account.changes.volume(root?.to);
    expect(made).toMatchObject({ zone: "us-east-1a", type: "gp3", iops: 3_000, throughput: 125, sizeGib: 1 });
    expect(made.attachments[0]).toMatchObject({ device: "/dev/xvda", deleteOnTermination: true });
    expect(world.account.changes.volume(data?.to).attachments[0]?.deleteOnTermination).toBe(false);
    const tags = world.account.state.tagsOf(made.id);
    expect(tags.get("Name")).toBe("root of web");
    expect(tags.has("aws:cloudformation:stack-name")).toBe(false);
    expect(tags.get("holdfast:in-place")).toBe(root?.from);
    expect(live.has("holdfast:in-place")).toBe(false);
  });

  test("whichever answer is lost, the same process or another gets to the same end", async () => {
    for (const running of [false, true])
      for (let lost = 1; lost < 40; lost++) {
        world = await openFakeRestoreWorld();
        const server = await world.makeServer(2, running);
        world.account.loseAnswerIn = lost;
        const restoring = await prepare(server.id, server.disks);
        await fill(restoring);
        const replacements = await conclude(restoring);
        const what = `answer ${lost}, ${running ? "running" : "off"}`;
        expect(await world.seenBy(server.id), what).toEqual([7, 7]);
        expect(await world.isRunning(server.id), what).toBe(running);
        expect(world.account.state.volumes.size, what).toBe(4);
        expect(world.account.state.snapshots.size, what).toBe(0);
        const inPlace = await world.targets.inPlace({ ...restoring, replacements });
        expect(inPlace, what).toEqual(replacements);
        if (world.account.loseAnswerIn > 0) break; // that was one more than there are
        expect(lost, "all answers were lost once").toBeLessThan(39);
      }
  });

  test("whichever answer of the swap is lost, giving up leaves a server that has all of its disks", async () => {
    for (let lost = 1; lost < 16; lost++) {
      world = await openFakeRestoreWorld();
      const server = await world.makeServer(2, true);
      const restoring = await prepare(server.id, server.disks);
      await fill(restoring);
      const nonZero = [BLOCK, BLOCK];
      while (!(await world.targets.finish({ ...restoring, nonZero })).done);
      const { replacements } = await world.targets.replacements(restoring);
      world.account.loseAnswerIn = lost;
      await world.targets.swap({ ...restoring, replacements, powerOn: true }).catch(() => undefined);
      world.account.loseAnswerIn = Number.POSITIVE_INFINITY;
      await world.restarted().abandon(restoring);
      const what = `answer ${lost}`;
      expect(await world.seenBy(server.id), what).toHaveLength(2);
      const inPlace = await world.targets.inPlace({ ...restoring, replacements });
      const byPlace = (await world.seenBy(server.id)).filter((byte) => byte === 7).length;
      expect(inPlace, what).toHaveLength(byPlace);
      if (byPlace !== 1) expect(await world.isRunning(server.id), what).toBe(true);
      expect(world.account.state.snapshots.size, what).toBe(0);
    }
  });

  test("a wrong count of written blocks is an error that names it, not an endless wait", async () => {
    const disk = await world.makeDisk();
    const restoring = await prepare(disk, [disk]);
    await fill(restoring);
    await expect(world.targets.finish({ ...restoring, nonZero: [3 * BLOCK] })).rejects.toThrow("ChangedBlocksCount");
  });

  test("an instance of an Auto Scaling group that would have to be stopped is refused before anything is made", async () => {
    const server = await world.makeServer(1, true);
    world.account.state.tagsOf(server.id).set("aws:autoscaling:groupName", "web");
    const owner = { domainId: "d", vaultId: "v", resourceId: server.id };
    const target = await world.provider.target({ diskId: server.disks[0] as string, size: 1 });
    const refused = world.targets.prepare({ restoreId: "r", owner, targets: [target] });
    await expect(refused).rejects.toBeInstanceOf(TargetUnusable);
    await expect(refused).rejects.toThrow("group web");
    expect(world.account.state.snapshots.size).toBe(0);
  });

  test("a disk restore never stops the server that the disk belongs to", async () => {
    const server = await world.makeServer(2, true);
    const disk = server.disks[1] as string;
    const restoring = await prepare(disk, [disk]);
    await fill(restoring);
    await expect(conclude(restoring)).rejects.toBeInstanceOf(TargetUnusable);
    expect(await world.isRunning(server.id)).toBe(true);
    expect(world.account.changes.instance(server.id).stops).toBe(0);
  });

  test("a replaced volume is deleted after its week, unless somebody uses it again", async () => {
    const server = await world.makeServer(2, false);
    const restoring = await prepare(server.id, server.disks);
    await fill(restoring);
    await conclude(restoring);
    world.account.clock.advance(8 * 24 * 3_600_000);
    const [used, free] = server.disks as [string, string];
    world.account.addInstance([used]);
    for await (const held of world.targets.held()) await world.targets.discard(held);
    expect(world.account.state.volumes.has(used)).toBe(true);
    expect(world.account.state.volumes.has(free)).toBe(false);
  });

  /** The hour's work of a sweep that keeps nothing which the provider says may go. */
  async function sweep(): Promise<void> {
    for await (const held of world.targets.held())
      if (held.kind !== "undo" || (held.keepUntil ?? Number.POSITIVE_INFINITY) <= world.account.clock.now())
        await world.targets.discard(held);
  }

  test("snapshots that other tools take of a restored volume, with its tags, are never ours to delete", async () => {
    const server = await world.makeServer(2, true);
    const restoring = await prepare(server.id, server.disks);
    await fill(restoring);
    const [replacement] = await conclude(restoring);
    world.account.clock.advance(60_000);
    // Data Lifecycle Manager with "copy tags from source", or AWS Backup.
    const theirs = world.account.snapshots.create({ VolumeId: replacement?.to ?? "" });
    for (const [key, value] of world.account.state.tagsOf(replacement?.to ?? ""))
      world.account.state.tagsOf(theirs.id).set(key, value);
    world.account.clock.advance(24 * 3_600_000);
    await sweep();
    await world.targets.abandon(restoring);
    expect(world.account.state.snapshots.has(theirs.id)).toBe(true);
  });

  test("a volume that was put back by hand is not deleted when it is detached after its week", async () => {
    const server = await world.makeServer(1, false);
    const restoring = await prepare(server.id, server.disks);
    await fill(restoring);
    const [replacement] = await conclude(restoring);
    const [old, made] = [replacement?.from ?? "", replacement?.to ?? ""];
    const { changes, clock, state } = world.account;
    changes.detachVolume({ VolumeId: made });
    clock.advance(60_000);
    state.settle();
    changes.attachVolume({ VolumeId: old, InstanceId: server.id, Device: "/dev/xvda" });
    clock.advance(30 * 24 * 3_600_000);
    state.settle();
    changes.detachVolume({ VolumeId: old });
    clock.advance(60_000);
    await sweep();
    expect(state.volumes.has(old)).toBe(true);
    // And when what had replaced it is gone, it is the only one left.
    changes.deleteVolume({ VolumeId: made });
    await sweep();
    expect(state.volumes.has(old)).toBe(true);
  });

  test("giving up says so when the server is still stopping, and another try starts it", async () => {
    const server = await world.makeServer(1, true);
    const restoring = await prepare(server.id, server.disks);
    const instance = world.account.changes.instance(server.id);
    world.account.state.tagsOf(server.id).set("holdfast:restart", restoring.restoreId);
    instance.state = "stopping";
    await expect(world.targets.abandon(restoring)).rejects.toThrow("still stopping");
    instance.state = "stopped";
    await world.targets.abandon(restoring);
    expect(await world.isRunning(server.id)).toBe(true);
    expect(world.account.state.tagsOf(server.id).has("holdfast:restart")).toBe(false);
  });

  test("a live volume with as many tags as EC2 takes is replaced, its server starts again, and it stays unmarked", async () => {
    const server = await world.makeServer(2, true);
    const tags = world.account.state.tagsOf(server.disks[1] as string);
    for (let n = 0; n < 48; n++) tags.set(`team-${n}`, "x");
    const restoring = await prepare(server.id, server.disks);
    await fill(restoring);
    await conclude(restoring);
    expect(await world.seenBy(server.id)).toEqual([7, 7]);
    expect(await world.isRunning(server.id)).toBe(true);
    world.account.clock.advance(8 * 24 * 3_600_000);
    await sweep();
    expect(world.account.state.volumes.has(server.disks[1] as string)).toBe(true);
    expect(world.log.join()).toContain(`volume ${server.disks[1]} was replaced`);
  });

  test("a replaced volume stays whose time cannot be read, or whose tags came from another volume", async () => {
    const server = await world.makeServer(2, false);
    const restoring = await prepare(server.id, server.disks);
    await fill(restoring);
    await conclude(restoring);
    const { state, clock } = world.account;
    const [one, two] = server.disks as [string, string];
    state.tagsOf(one).set("holdfast:undo-until", "next year");
    const copy = world.account.addVolume();
    for (const [key, value] of state.tagsOf(two)) state.tagsOf(copy).set(key, value);
    clock.advance(8 * 24 * 3_600_000);
    for await (const held of world.targets.held()) await world.targets.discard(held);
    expect([...state.volumes.keys()]).toEqual(expect.arrayContaining([one, copy]));
    expect(state.volumes.has(two)).toBe(false);
  });

  test("giving up says so when an old volume cannot be put back, and another try puts it back", async () => {
    const server = await world.makeServer(2, true);
    const restoring = await prepare(server.id, server.disks);
    await fill(restoring);
    while (!(await world.targets.finish({ ...restoring, nonZero: [BLOCK, BLOCK] })).done);
    const { replacements } = await world.targets.replacements(restoring);
    const { changes, state, clock } = world.account;
    // The swap has stopped the server and planned; its detaching hangs.
    changes.stopInstances({ InstanceIds: [server.id] });
    state.tagsOf(server.id).set("holdfast:restart", restoring.restoreId);
    clock.advance(60_000);
    state.settle();
    for (const { from, to } of replacements) {
      const attachment = changes.volume(from).attachments[0] as { state: string; device: string };
      attachment.state = "detaching";
      state.tagsOf(to).set("holdfast:place", `${server.id} ${attachment.device} stays`);
    }
    const begun = clock.now();
    await expect(world.targets.abandon(restoring)).rejects.toThrow("could not be put back");
    expect(clock.now() - begun).toBeLessThan(240_000);
    expect(changes.instance(server.id)).toMatchObject({ state: "stopped", starts: 0 });
    for (const { from } of replacements) Object.assign(changes.volume(from), { attachments: [], state: "available" });
    await world.targets.abandon(restoring);
    expect(await world.seenBy(server.id)).toEqual([1, 1]);
    expect(await world.isRunning(server.id)).toBe(true);
    expect(state.volumes.size).toBe(2);
  });

  test("a snapshot to write to lives for a day without writes, and has the live volume's encryption", async () => {
    const disk = await world.makeDisk();
    const volume = world.account.changes.volume(disk);
    Object.assign(volume, { encrypted: true, kmsKeyId: "arn:aws:kms:us-east-1:000000000000:key/1" });
    await prepare(disk, [disk]);
    expect(world.account.calls.find(({ operation }) => operation === "StartSnapshot")?.input).toMatchObject({
      Timeout: 1_440,
      Encrypted: true,
      KmsKeyArn: "arn:aws:kms:us-east-1:000000000000:key/1",
    });
  });
});
