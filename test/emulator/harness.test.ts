/** Do the emulators hold what the other tests of this folder build on? */
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import {
  CompleteSnapshotCommand,
  EBSClient,
  GetSnapshotBlockCommand,
  ListSnapshotBlocksCommand,
  PutSnapshotBlockCommand,
  StartSnapshotCommand,
} from "@aws-sdk/client-ebs";
import { CreateSnapshotCommand, CreateVolumeCommand, DescribeSnapshotsCommand, EC2Client } from "@aws-sdk/client-ec2";
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { CreateTopicCommand, SNSClient } from "@aws-sdk/client-sns";
import { describe, expect, inject, test } from "vitest";
import { EMULATED_ACCOUNT, startEmulators } from "../support/emulators/start.ts";
import { spawnOwner } from "./harness-owner.ts";

const aws = inject("aws");
const BLOCK = 512 * 1024;

/** A block no two calls share. */
function someBlock(): { readonly data: Buffer; readonly checksum: string } {
  const data = Buffer.alloc(BLOCK, randomUUID());
  return { data, checksum: createHash("sha256").update(data).digest("base64") };
}

describe.skipIf(aws.kind !== "emulators")("the emulated AWS (a given one is not ours to try)", () => {
  test("all emulators answer, on 127.0.0.1", async () => {
    const addresses = [`${aws.aws}/_ministack/health`, `${aws.ec2}/moto-api/`];
    if (aws.noDynamodbLocal === undefined) addresses.push(`${aws.dynamodbLocal}/`);
    for (const address of addresses) {
      expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//);
      expect((await fetch(address)).status).toBeLessThan(500);
    }
  });

  test("DynamoDB Local runs, or says what to install", () => {
    if (aws.noDynamodbLocal === undefined) expect(aws.dynamodbLocal).toBeDefined();
    else expect(aws.noDynamodbLocal).toMatch(/install Java 17/);
  });

  test("both emulators take the caller for the same account", async () => {
    const { TopicArn } = await new SNSClient().send(new CreateTopicCommand({ Name: `harness-${randomUUID()}` }));
    expect(TopicArn?.split(":")[4]).toBe(EMULATED_ACCOUNT);
    const ec2 = new EC2Client();
    const { VolumeId } = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size: 1 }));
    const { OwnerId } = await ec2.send(new CreateSnapshotCommand({ VolumeId }));
    expect(OwnerId).toBe(EMULATED_ACCOUNT);
  });

  test("a fresh account owns no snapshots but ours", async () => {
    const { Snapshots } = await new EC2Client().send(new DescribeSnapshotsCommand({ OwnerIds: ["self"] }));
    expect(Snapshots?.length).toBeLessThan(1_000);
  });

  test("S3 refuses to write over an object when told so: 412", async () => {
    const s3 = new S3Client({ forcePathStyle: true });
    const Bucket = `harness-${randomUUID()}`;
    await s3.send(new CreateBucketCommand({ Bucket }));
    const put = (Body: string) => s3.send(new PutObjectCommand({ Bucket, Key: "a", Body, IfNoneMatch: "*" }));
    await put("first");
    await expect(put("second")).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } });
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "a" }));
    expect(await Body?.transformToString()).toBe("first");
  });

  test("EBS direct holds real bytes: a seed, a volume of it, a snapshot of that", async () => {
    const ebs = new EBSClient();
    const ec2 = new EC2Client();
    const { SnapshotId: seed } = await ebs.send(new StartSnapshotCommand({ VolumeSize: 1 }));
    const blocks = new Map([3, 700, 2_047].map((index) => [index, someBlock()]));
    for (const [BlockIndex, { data, checksum }] of blocks)
      await ebs.send(
        new PutSnapshotBlockCommand({
          SnapshotId: seed,
          BlockIndex,
          BlockData: data,
          DataLength: BLOCK,
          Checksum: checksum,
          ChecksumAlgorithm: "SHA256",
        }),
      );
    await ebs.send(new CompleteSnapshotCommand({ SnapshotId: seed, ChangedBlocksCount: blocks.size }));
    const { VolumeId } = await ec2.send(
      new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size: 1, SnapshotId: seed }),
    );
    const { SnapshotId } = await ec2.send(new CreateSnapshotCommand({ VolumeId }));
    const list = await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId }));
    expect(list.BlockSize).toBe(BLOCK);
    expect(list.Blocks?.map((block) => block.BlockIndex)).toEqual([...blocks.keys()]);
    for (const { BlockIndex, BlockToken } of list.Blocks ?? []) {
      const got = await ebs.send(new GetSnapshotBlockCommand({ SnapshotId, BlockIndex, BlockToken }));
      const wanted = blocks.get(BlockIndex ?? -1);
      expect(got.Checksum).toBe(wanted?.checksum);
      expect(Buffer.from((await got.BlockData?.transformToByteArray()) ?? []).equals(wanted?.data as Buffer)).toBe(
        true,
      );
    }
  });

  test("stopped emulators are gone, and start again on the same ports, empty", async () => {
    const first = await startEmulators({ ministack: true, moto: true });
    const portOf = (url: string | undefined) => Number(new URL(url ?? "").port);
    const ports = { aws: portOf(first.aws), ec2: portOf(first.ec2) };
    const s3 = new S3Client({ endpoint: first.aws as string, forcePathStyle: true });
    const buckets = async () => (await s3.send(new ListBucketsCommand())).Buckets?.map(({ Name }) => Name);
    await s3.send(new CreateBucketCommand({ Bucket: "left-behind" }));
    expect(await buckets()).toEqual(["left-behind"]);
    await first.stop();
    await expect(fetch(`${first.aws}/`)).rejects.toThrow();
    await expect(fetch(`${first.ec2}/`)).rejects.toThrow();
    const second = await startEmulators({ ministack: true, moto: true, ports });
    expect([second.aws, second.ec2]).toEqual([first.aws, first.ec2]);
    expect(await buckets()).toEqual([]);
    await second.stop();
  });

  test("emulators end with the process that started them, even when that is killed", async () => {
    const owner = await spawnOwner();
    expect((await fetch(`${owner.ec2}/moto-api/`)).status).toBe(200);
    owner.child.kill("SIGKILL");
    await once(owner.child, "exit");
    await expect
      .poll(
        () =>
          fetch(`${owner.ec2}/moto-api/`).then(
            () => "answers",
            () => "gone",
          ),
        { timeout: 30_000 },
      )
      .toBe("gone");
  });
});
