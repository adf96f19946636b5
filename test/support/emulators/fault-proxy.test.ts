/** Do clients of the AWS SDK see the faults that a test asked for, and everything else untouched? */
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { EBSClient, GetSnapshotBlockCommand } from "@aws-sdk/client-ebs";
import { DescribeVolumesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FaultProxy, type FaultState, startFaultProxy } from "./fault-proxy.ts";
import type { FaultRule } from "./fault-proxy-rules.ts";

let server: Server;
let proxy: FaultProxy;
/** What came through: the request line and the SHA-256 of the body. */
let arrived: { readonly line: string; readonly host: string | undefined; readonly sum: string }[];

beforeEach(async () => {
  arrived = [];
  server = createServer(async (request, response) => {
    const sum = createHash("sha256");
    for await (const chunk of request) sum.update(chunk as Buffer);
    const line = `${request.method} ${request.url}`;
    arrived.push({ line, host: request.headers.host, sum: sum.digest("hex") });
    response.setHeader("etag", '"e"');
    response.end(/block/.test(line) ? Buffer.alloc(4) : "{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  proxy = await startFaultProxy(() => `http://127.0.0.1:${port}`);
});

afterEach(async () => {
  await proxy.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const settings = () => ({
  endpoint: proxy.url,
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
  maxAttempts: 1,
});
const add = (rule: FaultRule) => fetch(`${proxy.url}/_faults`, { method: "POST", body: JSON.stringify(rule) });
const state = async () => (await (await fetch(`${proxy.url}/_faults`)).json()) as FaultState;
const getItem = () =>
  new DynamoDBClient(settings()).send(new GetItemCommand({ TableName: "t", Key: { k: { S: "a" } } }));
const block = { SnapshotId: "snap-1", BlockIndex: 3, BlockToken: "t" };

test("without rules 32 MiB of an object pass as they are, with the name of their host, and are counted", async () => {
  const Body = Buffer.alloc(32 * 1024 * 1024, "holdfast");
  await new S3Client({ ...settings(), forcePathStyle: true }).send(
    new PutObjectCommand({ Bucket: "b", Key: "a b/c", Body }),
  );
  expect(arrived).toEqual([
    {
      line: "PUT /b/a%20b/c?x-id=PutObject",
      host: new URL(proxy.url).host,
      sum: createHash("sha256").update(Body).digest("hex"),
    },
  ]);
  expect((await state()).calls).toEqual({ "s3.PutObject": 1 });
});

test("each service throttles in its own words", async () => {
  for (const service of ["dynamodb", "ebs", "s3", "ec2"]) await add({ service, fault: { kind: "throttle" } });
  await expect(getItem()).rejects.toMatchObject({ name: "ProvisionedThroughputExceededException" });
  const put = new PutObjectCommand({ Bucket: "b", Key: "k", Body: Buffer.alloc(9_000_000) });
  await expect(new S3Client({ ...settings(), forcePathStyle: true }).send(put)).rejects.toMatchObject({
    name: "SlowDown",
    $metadata: { httpStatusCode: 503 },
  });
  await expect(new EBSClient(settings()).send(new GetSnapshotBlockCommand(block))).rejects.toMatchObject({
    name: "RequestThrottledException",
    Reason: "ACCOUNT_THROTTLED",
  });
  await expect(new EC2Client(settings()).send(new DescribeVolumesCommand())).rejects.toMatchObject({
    name: "RequestLimitExceeded",
  });
  expect(arrived).toEqual([]);
});

test("a rule is about some operations, lets the first calls pass, and ends after so many", async () => {
  await add({ service: "dynamodb", operations: ["GetItem"], after: 1, times: 1, fault: { kind: "error" } });
  await add({ service: "dynamodb", operations: ["PutItem"], fault: { kind: "error" } });
  await getItem();
  await expect(getItem()).rejects.toMatchObject({ name: "InternalServerError" });
  await getItem();
  expect((await state()).rules.map(({ seen, hit }) => [seen, hit])).toEqual([
    [3, 1],
    [0, 0],
  ]);
});

test("a connection is cut before a call arrives, or only its answer is lost", async () => {
  await add({ service: "dynamodb", times: 1, fault: { kind: "cut", when: "before" } });
  await add({ service: "dynamodb", times: 1, fault: { kind: "cut", when: "after" } });
  await expect(getItem()).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(arrived).toHaveLength(0);
  await expect(getItem()).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(arrived).toHaveLength(1);
});

test("garbled bytes are as many, and others", async () => {
  await add({ service: "ebs", fault: { kind: "garble" } });
  const { BlockData } = await new EBSClient(settings()).send(new GetSnapshotBlockCommand(block));
  expect(Buffer.from((await BlockData?.transformToByteArray()) ?? [])).toEqual(Buffer.from([0, 0, 1, 0]));
});
