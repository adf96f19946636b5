/** The servers and disks of an AWS account as resources that can be protected: EC2 instances and EBS volumes. */
import { type TargetRef, TargetUnusable } from "../../../core/ports/blocks.ts";
import type { Disk, Resource, ResourceProvider, Server } from "../../../core/ports/resource-provider.ts";
import { EBS_PROVIDER } from "../ebs/references.ts";
import { REAL_TIMING, type Timing } from "../ebs/timing.ts";
import { type Account, type Ec2, instancesBy, instancesById, volumesBy, volumesById } from "./account.ts";
import { captureVolumes } from "./capture.ts";
import { attachmentsOf, bytesOf, diskOf, isCapturable } from "./disks.ts";
import { isGone, serverOf, volumesOf } from "./servers.ts";
import { confirmCapture, deleteOwnSnapshots, deleteSnapshots, heldCaptures, waitForCapture } from "./snapshots.ts";
import { fromTags, TAG } from "./tags.ts";

export interface Ec2Options {
  readonly ec2: Ec2;
  /** The name of this deployment: everything made here carries it, nothing without it is deleted. */
  readonly deployment: string;
  readonly timing?: Timing;
  /** Told what is not an error and still worth knowing. */
  readonly log?: (message: string) => void;
}

const VOLUME_ID = /^vol-[0-9a-f]{8}([0-9a-f]{9})?$/;
const INSTANCE_ID = /^i-[0-9a-f]{8}([0-9a-f]{9})?$/;

type Volume = Parameters<typeof diskOf>[0];
type Instance = Parameters<typeof serverOf>[0];

/** Needs permission for the Describe calls, CreateSnapshot(s), CreateTags and DeleteSnapshot. Keeps nothing in memory. */
export function createEc2Provider(options: Ec2Options): ResourceProvider {
  const { ec2, deployment, timing = REAL_TIMING, log = () => undefined } = options;
  const account: Account = { ec2, deployment, timing, log };

  async function disksOf(volumes: readonly Volume[]): Promise<readonly Disk[]> {
    const instances = volumes.flatMap((volume) => attachmentsOf(volume).flatMap(({ InstanceId }) => InstanceId ?? []));
    const attached = await instancesById(ec2, instances);
    return volumes.map((volume) => diskOf(volume, attached));
  }

  async function serversOf(instances: readonly Instance[]): Promise<readonly Server[]> {
    const volumes = await volumesById(ec2, instances.flatMap(volumesOf));
    const disks = new Map((await disksOf([...volumes.values()])).map((disk) => [disk.id, disk]));
    return instances.map((instance) => serverOf(instance, disks));
  }

  return {
    /**
     * EC2's pages have no order, so each page of ours reads all of the account's volumes or instances (500 or 1,000 a
     * call) and keeps the ids after `after`: an account of 10,000 volumes costs 20 calls for each page.
     */
    async list(kind, { after = "", limit }): Promise<readonly Resource[]> {
      if (kind === "server") {
        const found: Instance[] = [];
        for await (const instance of instancesBy(ec2, []))
          if (instance.InstanceId > after && !isGone(instance)) found.push(instance);
        return serversOf(firstOf(found, (instance) => instance.InstanceId, limit));
      }
      const found: Volume[] = [];
      for await (const volume of volumesBy(ec2, []))
        if (volume.VolumeId > after && !isRestores(volume, deployment)) found.push(volume);
      return disksOf(firstOf(found, (volume) => volume.VolumeId, limit));
    },

    async find(id): Promise<Resource | undefined> {
      if (VOLUME_ID.test(id)) {
        const volume = (await volumesById(ec2, [id])).get(id);
        return volume && (await disksOf([volume]))[0];
      }
      if (!INSTANCE_ID.test(id)) return undefined;
      const instance = (await instancesById(ec2, [id])).get(id);
      return instance && !isGone(instance) ? (await serversOf([instance]))[0] : undefined;
    },

    capture: (request) => captureVolumes(account, request),
    ready: (capture) => waitForCapture(account, capture),
    confirm: (capture) => confirmCapture(account, capture),

    /** The snapshot itself is what a later one is compared with: keeping it is all that `keepComparable` asks for. */
    async release(capture, { keepComparable }) {
      if (!keepComparable)
        await deleteSnapshots(
          account,
          capture.disks.map(({ snapshotId }) => snapshotId),
        );
    },

    releaseKept: (snapshotIds) => deleteOwnSnapshots(account, snapshotIds),
    held: () => heldCaptures(account),

    async target({ diskId, size }) {
      const volume = VOLUME_ID.test(diskId) ? (await volumesById(ec2, [diskId])).get(diskId) : undefined;
      if (volume === undefined) throw new TargetUnusable(`no volume has the id ${diskId}`);
      return targetOf(volume, size);
    },
  };
}

/** What restores left beside the live volumes: not in place yet, or replaced and kept for a while. Nobody protects these. */
function isRestores({ Tags }: Volume, deployment: string): boolean {
  const tags = fromTags(Tags);
  if (tags[TAG.deployment] !== deployment || tags[TAG.restore] === undefined) return false;
  return tags[TAG.undoUntil] !== undefined || tags[TAG.inPlace] === undefined;
}

function firstOf<T>(values: readonly T[], id: (value: T) => string, limit: number): readonly T[] {
  return values.toSorted((a, b) => (id(a) < id(b) ? -1 : 1)).slice(0, Math.max(0, limit));
}

/** The restore fills a new snapshot and makes a volume like this one from it: what it needs for that is in `detail`. */
function targetOf(volume: Volume, size: number): TargetRef {
  const id = volume.VolumeId;
  const bytes = bytesOf(volume);
  if (!isCapturable(volume)) throw new TargetUnusable(`volume ${id} is ${volume.State}`);
  if (bytes < size) throw new TargetUnusable(`volume ${id} has ${bytes} bytes, the backup ${size}`);
  if (attachmentsOf(volume).length > 1)
    throw new TargetUnusable(`volume ${id} is attached to several instances: detach it from all but one first`);
  return {
    provider: EBS_PROVIDER,
    diskId: id,
    mode: "fresh",
    writeOnly: true,
    size: bytes,
    detail: {
      volumeId: id,
      availabilityZone: volume.AvailabilityZone ?? null,
      volumeType: volume.VolumeType ?? null,
      iops: volume.Iops ?? null,
      throughput: volume.Throughput ?? null,
      encrypted: volume.Encrypted ?? false,
      kmsKeyId: volume.KmsKeyId ?? null,
      multiAttach: volume.MultiAttachEnabled ?? false,
    },
  };
}
