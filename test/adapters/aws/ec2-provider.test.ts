/** Do EC2 and EBS keep every promise of a resource provider, and the ones that only they have to keep? */
import { beforeEach, describe, expect, test } from "vitest";
import { diskOf } from "../../../adapters/aws/ec2/disks.ts";
import { createEc2Provider } from "../../../adapters/aws/ec2/provider.ts";
import { GIB } from "../../../core/domain/values.ts";
import { ProviderUnavailable, TargetUnusable } from "../../../core/ports/blocks.ts";
import { CaptureRefused, type Owner, type ResourceProvider } from "../../../core/ports/resource-provider.ts";
import { resourceProviderContract } from "../../contracts/resource-provider.ts";
import { FakeAccount } from "../../support/fake-ec2/account.ts";
import { ec2Error } from "../../support/fake-ec2/errors.ts";
import { EC2_KIND, openFakeEc2World } from "../../support/fake-ec2/resource-world.ts";

resourceProviderContract("EC2 in memory", openFakeEc2World, EC2_KIND);

const OWNER: Owner = { domainId: "d", vaultId: "v", resourceId: "r" };

describe("EC2 and EBS as a resource provider", () => {
  let account: FakeAccount;
  let provider: ResourceProvider;
  const log: string[] = [];
  beforeEach(() => {
    account = new FakeAccount();
    log.length = 0;
    provider = newProvider();
  });
  const newProvider = () =>
    createEc2Provider({ ec2: account.ec2, deployment: "test", timing: account.clock, log: (text) => log.push(text) });
  const capture = (diskIds: readonly string[], attempt = 1) =>
    provider.capture({ runId: "run", attempt, diskIds, owner: OWNER });

  const held = async () => {
    const all: unknown[] = [];
    for await (const one of provider.held()) all.push(one);
    return all;
  };

  test("what does not look like one of its ids is not even asked for", async () => {
    for (const id of ["", "disk-1", "vol-1", "vol-0123456G", "i-xyz", "snap-12345678", "../vol-12345678"])
      expect(await provider.find(id)).toBeUndefined();
    expect(account.calls).toEqual([]);
  });

  test("an account of many pages is listed completely and in order, without what restores left", async () => {
    const made = Array.from({ length: 11 }, () => account.addVolume());
    const [kept, fresh] = [made[3] as string, made[7] as string];
    for (const id of [kept, fresh]) {
      account.state.tagsOf(id).set("holdfast:deployment", "test");
      account.state.tagsOf(id).set("holdfast:restore", "restore-1");
    }
    account.state.tagsOf(kept).set("holdfast:undo-until", "2026-02-01T00:00:00.000Z");
    const listed = await provider.list("disk", { limit: 100 });
    expect(listed.map(({ id }) => id)).toEqual(made.filter((id) => id !== kept && id !== fresh).sort());
    expect(await provider.find(kept)).toMatchObject({ id: kept });
  });

  test("a server shows its root first and marks it, whatever the order of its devices", async () => {
    const [root, a, b] = [account.addVolume(), account.addVolume({ sizeGib: 2 }), account.addVolume({ sizeGib: 3 })];
    const id = account.addInstance([root, a, b]);
    account.state.tagsOf(id).set("Name", "database");
    const server = await provider.find(id);
    expect(server).toMatchObject({ kind: "server", name: "database", status: "ACTIVE", stoppable: true });
    expect(server?.kind === "server" && server.disks.map((disk) => [disk.id, disk.system, disk.size / GIB])).toEqual([
      [root, true, 1],
      [a, false, 2],
      [b, false, 3],
    ]);
  });

  test("a volume that several instances may attach is a shared disk", () => {
    const volume = (MultiAttachEnabled: boolean) => diskOf({ VolumeId: "vol-12345678", MultiAttachEnabled }, new Map());
    expect([volume(true).shared, volume(false).shared]).toEqual([true, undefined]);
  });

  test("states of instances become those of servers; terminated ones are gone", async () => {
    const id = account.addInstance([account.addVolume()]);
    const seen: Record<string, string | undefined> = {};
    for (const state of ["pending", "running", "stopping", "stopped", "shutting-down", "terminated"]) {
      account.changes.instance(id).state = state;
      const server = await provider.find(id);
      seen[state] = server?.status;
    }
    expect(seen).toEqual({
      pending: "ACTIVE",
      running: "ACTIVE",
      stopping: "ACTIVE",
      stopped: "SHUTOFF",
      "shutting-down": "ERROR",
      terminated: undefined,
    });
    expect(await provider.list("server", { limit: 5 })).toEqual([]);
  });

  test("a server without EBS volumes is in error, saying why", async () => {
    const server = await provider.find(account.addInstance([]));
    expect(server).toMatchObject({ status: "ERROR", reason: expect.stringContaining("no EBS volume"), disks: [] });
  });

  test("a volume that is not whole is in error, and refused as 7003", async () => {
    const id = account.addVolume();
    for (const state of ["creating", "error", "deleting"]) {
      account.changes.volume(id).state = state;
      expect(await provider.find(id)).toMatchObject({ status: "error", reason: expect.any(String) });
      await expect(capture([id])).rejects.toMatchObject({ name: "CaptureRefused", code: "7003", diskId: id });
    }
  });

  test("a volume that a restore replaced is refused while it is attached to nothing: its state is nobody's", async () => {
    const [old, fresh] = [account.addVolume(), account.addVolume()];
    account.state.tagsOf(old).set("holdfast:replaced-by", fresh);
    const refused = { name: "CaptureRefused", code: "7003", diskId: old, message: expect.stringContaining(fresh) };
    await expect(capture([old])).rejects.toMatchObject(refused);
    // Somebody has put it back: then it is a disk like any other.
    account.addInstance([old]);
    expect((await capture([old])).disks).toHaveLength(1);
  });

  test("errors of permission are errors, not missing resources", async () => {
    const id = account.addVolume();
    account.denied.add("DescribeVolumes");
    await expect(provider.find(id)).rejects.toThrow("not authorized");
    await expect(capture([id])).rejects.toMatchObject({ name: "UnauthorizedOperation" });
  });

  test("a server is captured by one call, without the volumes that were not asked for", async () => {
    const disks = Array.from({ length: 4 }, () => account.addVolume());
    account.addInstance(disks);
    const taken = await capture([disks[3] as string, disks[1] as string]);
    expect(taken.promise).toBe("atomic-group");
    expect(account.count("CreateSnapshots")).toBe(1);
    expect(account.calls.find(({ operation }) => operation === "CreateSnapshots")?.input).toMatchObject({
      InstanceSpecification: { ExcludeBootVolume: true, ExcludeDataVolumeIds: [disks[2]] },
    });
    expect(account.state.snapshots.size).toBe(2);
  });

  test("of a server with more volumes than can be left out, the rest is captured and deleted at once", async () => {
    const disks = Array.from({ length: 45 }, () => account.addVolume());
    account.addInstance(disks);
    const taken = await capture([disks[0] as string, disks[44] as string]);
    expect([...account.state.snapshots.keys()].sort()).toEqual(taken.disks.map((d) => d.snapshotId).sort());
  });

  test("snapshots that came too soon for a volume are tried again until the task's time is over", async () => {
    const id = account.addVolume();
    const began = account.clock.now();
    for (let attempt = 1; attempt <= 3; attempt++) await capture([id], attempt);
    expect(account.clock.now() - began).toBeGreaterThan(29_000);
    account.changes.volume(id).lastSnapshotAt = Number.POSITIVE_INFINITY;
    await expect(capture([id], 4)).rejects.toBeInstanceOf(ProviderUnavailable);
  });

  test("a lost answer leaves nothing behind: the same snapshots are found by their tags", async () => {
    const disks = [account.addVolume(), account.addVolume()];
    account.addInstance(disks);
    account.loseAnswerIn = 1;
    await expect(capture(disks)).rejects.toThrow("lost");
    const taken = await newProvider().capture({ runId: "run", attempt: 1, diskIds: disks, owner: OWNER });
    expect(account.count("CreateSnapshots")).toBe(1);
    expect(account.state.snapshots.size).toBe(2);
    expect(taken.disks.map(({ diskId }) => diskId)).toEqual(disks);
  });

  test("a volume that leaves its instance in that very moment is refused, and nothing is left", async () => {
    const disks = [account.addVolume(), account.addVolume()];
    const instance = account.addInstance(disks);
    const send = account.ec2.send as unknown as (command: object) => Promise<unknown>;
    Object.assign(account.ec2, {
      send: (command: object) => {
        if (command.constructor.name === "CreateSnapshotsCommand") account.changes.volume(disks[1]).attachments = [];
        return send(command);
      },
    });
    await expect(capture(disks)).rejects.toMatchObject({ name: "CaptureRefused", code: "7003", diskId: disks[1] });
    expect(account.state.snapshots.size).toBe(0);
    expect(account.changes.instance(instance).state).toBe("running");
  });

  test("an account whose quota of snapshots is used up is told from a bad volume: 8300", async () => {
    const id = account.addVolume();
    const send = account.ec2.send.bind(account.ec2) as unknown as (command: object) => Promise<unknown>;
    const full = ec2Error("SnapshotLimitExceeded", "The maximum number of snapshots has been reached");
    Object.assign(account.ec2, {
      send: (command: object) =>
        command.constructor.name.startsWith("CreateSnapshot") ? Promise.reject(full) : send(command),
    });
    await expect(capture([id])).rejects.toMatchObject({ name: "CaptureRefused", code: "8300", diskId: id });
  });

  test("a capture that takes longer than four minutes is not ready yet, one that failed never will be", async () => {
    account.snapshots.pendingMs = 6 * 60_000;
    const taken = await capture([account.addVolume()]);
    expect(await provider.ready(taken)).toBe(false);
    expect(await provider.ready(taken)).toBe(true);

    account.snapshots.fails = "the key is disabled";
    const failed = await capture([account.addVolume()], 2);
    account.snapshots.pendingMs = 0;
    while (account.changes.volume(failed.disks[0]?.diskId).state === "creating") account.clock.advance(1_000);
    const refused = await (async () => {
      for (;;) await provider.ready(failed);
    })().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CaptureRefused);
    expect((refused as Error).message).toContain("the key is disabled");
  });

  test("a snapshot that somebody deleted while it was pending never becomes ready", async () => {
    const taken = await capture([account.addVolume()]);
    account.state.snapshots.clear();
    await expect(provider.ready(taken)).rejects.toBeInstanceOf(CaptureRefused);
  });

  test("a snapshot that an image was made of stays, is told, and does not fail the backup", async () => {
    const taken = await capture([account.addVolume()]);
    const snapshot = account.state.snapshots.get(taken.disks[0]?.snapshotId ?? "");
    if (snapshot !== undefined) snapshot.inUse = true;
    await provider.release(taken, { keepComparable: false });
    expect(log.join()).toContain("in use by ami-1");
    expect(await held()).toHaveLength(1);
  });

  test("snapshots of others are never deleted, nor told", async () => {
    const id = account.addVolume();
    const other = account.snapshots.create({ VolumeId: id });
    account.state.tagsOf(other.id).set("holdfast:deployment", "another").set("holdfast:run", "run");
    await provider.releaseKept([other.id, "snap-00000000"]);
    expect(account.state.snapshots.has(other.id)).toBe(true);
    expect(await held()).toEqual([]);
  });

  test("RST-18: a volume that several instances share is no target before all but one have let go of it", async () => {
    const shared = account.addVolume({ sizeGib: 8 });
    const [first, second] = [account.addInstance([account.addVolume()]), account.addInstance([account.addVolume()])];
    const attached = (...ids: string[]) =>
      ids.map((instanceId) => ({ instanceId, device: "/dev/sdf", state: "attached", deleteOnTermination: false }));
    const volume = account.state.volumes.get(shared);
    if (volume === undefined) throw new Error("no volume");
    volume.attachments = attached(first, second);
    const refused = provider.target({ diskId: shared, size: GIB });
    await expect(refused).rejects.toBeInstanceOf(TargetUnusable);
    await expect(refused).rejects.toThrow("attached to several instances");
    volume.attachments = attached(first);
    expect(await provider.target({ diskId: shared, size: GIB })).toMatchObject({ diskId: shared });
  });

  test("a target describes the volume that is to be made", async () => {
    const id = account.addVolume({ sizeGib: 8 });
    const target = await provider.target({ diskId: id, size: 5 * GIB });
    expect(target).toMatchObject({ provider: "ebs", mode: "fresh", writeOnly: true, size: 8 * GIB });
    expect(target.detail).toMatchObject({ availabilityZone: "us-east-1a", volumeType: "gp3", iops: 3_000 });
    await expect(provider.target({ diskId: "not a volume", size: 1 })).rejects.toBeInstanceOf(TargetUnusable);
  });
});
