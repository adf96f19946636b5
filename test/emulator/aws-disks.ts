/** How do scenarios make, change and read the volumes and servers of an emulated AWS account? */
import { createHash, randomUUID } from "node:crypto";
import {
  CompleteSnapshotCommand,
  EBSClient,
  GetSnapshotBlockCommand,
  PutSnapshotBlockCommand,
  paginateListSnapshotBlocks,
  StartSnapshotCommand,
} from "@aws-sdk/client-ebs";
import {
  AttachVolumeCommand,
  CreateSnapshotCommand,
  CreateTagsCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DeleteVolumeCommand,
  DetachVolumeCommand,
  EC2Client,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  waitUntilSnapshotCompleted,
} from "@aws-sdk/client-ec2";
import { BLOCK, digestOf, GIB, layOver, type Piece, touched } from "../e2e/scenarios/content.ts";

const ZONE = `${process.env.AWS_REGION ?? "us-east-1"}a`;
/** Blocks under way at once: more would only make the emulators slower. */
const AT_ONCE = 8;

/** A value that AWS always gives and the SDK's types call optional. */
function given<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`AWS gave no ${what}`);
  return value;
}

/** Volumes and servers of one account. */
export interface AwsDisks {
  /** @returns the volume's id */
  make(sizeBytes: number, pieces: readonly Piece[]): Promise<string>;
  /** Writes to a volume as its guest would. Only the emulator can do that from outside. */
  overwrite(volumeId: string, pieces: readonly Piece[]): Promise<void>;
  /** `digestOf` of what the volume holds now. */
  digest(volumeId: string): Promise<string>;
  /** A running instance of these volumes, the root volume first. @returns its id */
  server(volumeIds: readonly string[]): Promise<string>;
}

export function awsDisks(ec2 = new EC2Client(), ebs = new EBSClient()): AwsDisks {
  /** Writes these blocks into a new snapshot; `present` gives what a block holds before. */
  async function seed(
    sizeGib: number,
    pieces: readonly Piece[],
    parent?: { readonly snapshotId: string; readonly tokens: ReadonlyMap<number, string> },
  ): Promise<string> {
    const { SnapshotId: started } = await ebs.send(
      new StartSnapshotCommand({
        VolumeSize: sizeGib,
        ClientToken: randomUUID(),
        ...(parent && { ParentSnapshotId: parent.snapshotId }),
      }),
    );
    const snapshotId = given(started, "snapshot");
    const indexes = touched(pieces);
    await inParallel(indexes, async (index) => {
      const token = parent?.tokens.get(index);
      const block = token && parent ? await readBlock(parent.snapshotId, index, token) : Buffer.alloc(BLOCK);
      layOver(block, index, pieces);
      const put = new PutSnapshotBlockCommand({
        SnapshotId: snapshotId,
        BlockIndex: index,
        BlockData: block,
        DataLength: BLOCK,
        Checksum: createHash("sha256").update(block).digest("base64"),
        ChecksumAlgorithm: "SHA256",
      });
      await ebs.send(put);
    });
    await ebs.send(new CompleteSnapshotCommand({ SnapshotId: snapshotId, ChangedBlocksCount: indexes.length }));
    await waitUntilSnapshotCompleted(
      { client: ec2, maxWaitTime: 600, minDelay: 1, maxDelay: 5 },
      { SnapshotIds: [snapshotId] },
    );
    return snapshotId;
  }

  async function readBlock(SnapshotId: string, BlockIndex: number, BlockToken: string): Promise<Buffer> {
    const { BlockData } = await ebs.send(new GetSnapshotBlockCommand({ SnapshotId, BlockIndex, BlockToken }));
    return Buffer.from(await given(BlockData, "block").transformToByteArray());
  }

  /** Freezes what the volume holds now, for the time of `use`. */
  async function frozen<T>(
    VolumeId: string,
    use: (at: { snapshotId: string; sizeGib: number; tokens: ReadonlyMap<number, string> }) => Promise<T>,
  ): Promise<T> {
    const { SnapshotId, VolumeSize } = await ec2.send(new CreateSnapshotCommand({ VolumeId }));
    const snapshotId = given(SnapshotId, "snapshot");
    await waitUntilSnapshotCompleted(
      { client: ec2, maxWaitTime: 600, minDelay: 1, maxDelay: 5 },
      { SnapshotIds: [snapshotId] },
    );
    const tokens = new Map<number, string>();
    for await (const { Blocks } of paginateListSnapshotBlocks({ client: ebs }, { SnapshotId: snapshotId }))
      for (const { BlockIndex, BlockToken } of Blocks ?? [])
        tokens.set(given(BlockIndex, "index"), given(BlockToken, "token"));
    try {
      return await use({ snapshotId, sizeGib: given(VolumeSize, "size"), tokens });
    } finally {
      await ec2.send(new DeleteSnapshotCommand({ SnapshotId: snapshotId }));
    }
  }

  return {
    async make(sizeBytes, pieces) {
      const Size = sizeBytes / GIB;
      const SnapshotId = await seed(Size, pieces);
      const { VolumeId } = await ec2.send(
        new CreateVolumeCommand({
          AvailabilityZone: ZONE,
          Size,
          SnapshotId,
          TagSpecifications: [{ ResourceType: "volume", Tags: [{ Key: "Name", Value: "a-disk" }] }],
        }),
      );
      return given(VolumeId, "volume");
    },
    overwrite: (volumeId, pieces) =>
      frozen(volumeId, async (parent) => {
        const content = await seed(parent.sizeGib, pieces, parent);
        // `@`: for this volume only, should the service copy tags to the one that replaces it.
        const Tags = [{ Key: "emu:content", Value: `${content}@${volumeId}` }];
        await ec2.send(new CreateTagsCommand({ Resources: [volumeId], Tags }));
      }),
    digest: (volumeId) =>
      frozen(volumeId, async ({ snapshotId, tokens }) => {
        async function* blocks(): AsyncGenerator<readonly [number, Buffer]> {
          const all = [...tokens].toSorted(([a], [b]) => a - b);
          for (let i = 0; i < all.length; i += AT_ONCE) {
            const some = all.slice(i, i + AT_ONCE);
            yield* await Promise.all(
              some.map(async ([index, token]) => [index, await readBlock(snapshotId, index, token)] as const),
            );
          }
        }
        return digestOf(blocks());
      }),
    async server(volumeIds) {
      const launched = await ec2.send(
        new RunInstancesCommand({
          ImageId: "ami-12345678",
          InstanceType: "t3.micro",
          MinCount: 1,
          MaxCount: 1,
          Placement: { AvailabilityZone: ZONE },
          BlockDeviceMappings: [{ DeviceName: "/dev/sda1", Ebs: { VolumeSize: 1 } }],
          TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: "a-server" }] }],
        }),
      );
      const [instance] = given(launched.Instances, "instances");
      const InstanceId = given(instance?.InstanceId, "instance");
      const root = given(instance?.BlockDeviceMappings?.[0]?.Ebs?.VolumeId, "root volume");
      await ec2.send(new StopInstancesCommand({ InstanceIds: [InstanceId] }));
      await ec2.send(new DetachVolumeCommand({ VolumeId: root, InstanceId, Device: "/dev/sda1" }));
      await ec2.send(new DeleteVolumeCommand({ VolumeId: root }));
      for (const [n, VolumeId] of volumeIds.entries()) {
        const Device = n === 0 ? "/dev/sda1" : `/dev/sd${"fghijklmnop"[n - 1]}`;
        await ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId, Device }));
      }
      await ec2.send(new StartInstancesCommand({ InstanceIds: [InstanceId] }));
      return InstanceId;
    },
  };
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
