/** Do EC2 and EBS through the real SDK, against emulated services, keep the promises of resource providers and restore targets? */

import { EBSClient } from "@aws-sdk/client-ebs";
import {
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DeleteVolumeCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  DetachVolumeCommand,
  EC2Client,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { describe, inject } from "vitest";
import { createEbsBlocks } from "../../adapters/aws/ebs/blocks.ts";
import { createEc2Provider } from "../../adapters/aws/ec2/provider.ts";
import { createEc2RestoreTargets } from "../../adapters/aws/ec2/restore-targets.ts";
import { GIB } from "../../core/domain/values.ts";
import { type ResourceWorld, resourceProviderContract } from "../contracts/resource-provider.ts";
import { type RestoreWorld, restoreTargetsContract } from "../contracts/restore-targets.ts";
import { EC2_KIND } from "../support/fake-ec2/resource-world.ts";
import { awsDisks } from "./aws-disks.ts";

const deployment = "contract";
const ZONE = `${process.env.AWS_REGION ?? "us-east-1"}a`;

// These tests empty the account: never a real one.
describe.skipIf(inject("aws").kind !== "emulators")("EC2 and EBS, emulated (the account is emptied)", () => {
  resourceProviderContract("moto", openResources, EC2_KIND);
  restoreTargetsContract("moto", openRestores);
});

async function volumesOf(ec2: EC2Client) {
  return (await ec2.send(new DescribeVolumesCommand({}))).Volumes ?? [];
}

async function attachmentOf(ec2: EC2Client, volumeId: string) {
  return (await volumesOf(ec2)).find(({ VolumeId }) => VolumeId === volumeId)?.Attachments?.[0];
}

/** Where it is attached, or nowhere. moto wants to be told the instance and the device. */
async function remove(ec2: EC2Client, VolumeId: string): Promise<void> {
  const { InstanceId, Device } = (await attachmentOf(ec2, VolumeId)) ?? {};
  if (InstanceId !== undefined) await ec2.send(new DetachVolumeCommand({ VolumeId, InstanceId, Device }));
  await ec2.send(new DeleteVolumeCommand({ VolumeId }));
}

async function emptyAccount(ec2: EC2Client): Promise<void> {
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
  const live = Reservations.flatMap(({ Instances = [] }) => Instances).filter((i) => i.State?.Name !== "terminated");
  const InstanceIds = live.flatMap(({ InstanceId }) => InstanceId ?? []);
  if (InstanceIds.length > 0) await ec2.send(new TerminateInstancesCommand({ InstanceIds }));
  const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"] }));
  for (const { SnapshotId } of Snapshots) await ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
  for (const { VolumeId = "" } of await volumesOf(ec2)) await remove(ec2, VolumeId);
}

async function openResources(): Promise<ResourceWorld> {
  const ec2 = new EC2Client();
  const disks = awsDisks(ec2);
  await emptyAccount(ec2);
  const make = () => createEc2Provider({ ec2, deployment });
  const stop = async (instanceId: string) =>
    void (await ec2.send(new StopInstancesCommand({ InstanceIds: [instanceId] })));
  return {
    provider: make(),
    restarted: make,
    makeDisk: async (size) => {
      const made = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: ZONE, Size: size / GIB }));
      return made.VolumeId ?? "";
    },
    makeServer: async (diskIds) => {
      const id = await disks.server(diskIds);
      await stop(id);
      return id;
    },
    change: (diskId) => disks.overwrite(diskId, [{ offset: 0, length: 9, seed: 3 }]),
    vanish: (diskId) => remove(ec2, diskId),
    use: async (diskId) => {
      const instanceId = (await attachmentOf(ec2, diskId))?.InstanceId ?? (await disks.server([diskId]));
      await ec2.send(new StartInstancesCommand({ InstanceIds: [instanceId] }));
      return () => stop(instanceId);
    },
    watch: async () => {
      throw new Error("nobody can read an EBS volume without being its instance");
    },
    dispose: () => emptyAccount(ec2),
  };
}

async function openRestores(): Promise<RestoreWorld> {
  const ec2 = new EC2Client();
  const ebs = new EBSClient();
  const disks = awsDisks(ec2, ebs);
  await emptyAccount(ec2);
  const make = () => createEc2RestoreTargets({ ec2, ebs, deployment });
  const blocks = createEbsBlocks({ ebs });
  // No other seed: the contract wants a block full of ones, so the volume is filled through a snapshot of such a block.
  const makeDisk = async () => {
    const volumeId = await disks.make(GIB, []);
    const provider = createEc2Provider({ ec2, deployment });
    const targets = make();
    const restoring = { restoreId: `seed-${volumeId}`, owner: { domainId: "", vaultId: "", resourceId: volumeId } };
    const asked = [await provider.target({ diskId: volumeId, size: GIB })];
    const prepared = await targets.prepare({ ...restoring, targets: asked });
    const target = await blocks.openTarget(prepared[0] as (typeof prepared)[number]);
    await target.write(0, new Uint8Array(512 * 1024).fill(1));
    await target.sync();
    await target.close();
    await targets.finish({ ...restoring, targets: prepared, nonZero: [512 * 1024] });
    const made = await ec2.send(
      new CreateVolumeCommand({
        AvailabilityZone: ZONE,
        Size: 1,
        SnapshotId: String(prepared[0]?.detail.snapshotId),
        VolumeType: "gp3",
      }),
    );
    await targets.abandon({ ...restoring, targets: prepared });
    await ec2.send(new DeleteVolumeCommand({ VolumeId: volumeId }));
    return made.VolumeId ?? "";
  };
  const firstByte = async (diskId: string) => {
    const { SnapshotId = "" } = await ec2.send(new CreateSnapshotCommand({ VolumeId: diskId }));
    const source = await blocks.openSource({
      provider: "ebs",
      diskId,
      snapshotId: SnapshotId,
      size: GIB,
      detail: {},
    });
    const into = new Uint8Array(1);
    await source.read(0, into);
    await source.close();
    await ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
    return into[0] ?? 0;
  };
  const provider = createEc2Provider({ ec2, deployment });
  return {
    targets: make(),
    restarted: make,
    provider,
    blocks,
    size: GIB,
    makeServer: async (count, running) => {
      const ids: string[] = [];
      for (let i = 0; i < count; i++) ids.push(await makeDisk());
      const id = await disks.server(ids);
      if (!running) await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
      return { id, disks: ids };
    },
    makeDisk,
    seenBy: async (serverId) => {
      const server = await provider.find(serverId);
      const bytes: number[] = [];
      for (const disk of server?.kind === "server" ? server.disks : []) bytes.push(await firstByte(disk.id));
      return bytes;
    },
    firstByte,
    isRunning: async (serverId) => {
      const server = await provider.find(serverId);
      return server?.kind === "server" && server.status === "ACTIVE";
    },
    dispose: () => emptyAccount(ec2),
  };
}
