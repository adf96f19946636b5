/** Does an S3 bucket, as an emulator has it, keep the promises of an object store? */
import { randomUUID } from "node:crypto";
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { describe, expect, inject, test } from "vitest";
import { createS3Objects } from "../../adapters/aws/s3-objects.ts";
import { objectStoreContract } from "../contracts/object-store.ts";

const client = new S3Client({ forcePathStyle: inject("aws").kind === "emulators" });

/** A bucket as `infra` makes it: versioned, ready for Object Lock. */
async function newBucket(): Promise<string> {
  const Bucket = `holdfast-test-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
  return Bucket;
}

async function versionsOf(Bucket: string, name: string) {
  const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }));
  const of = <One extends { readonly Key?: string | undefined }>(all: One[]) => all.filter(({ Key }) => Key === name);
  return { versions: of(Versions), markers: of(DeleteMarkers) };
}

let bucket: string | undefined;

objectStoreContract("S3", async () => {
  bucket ??= await newBucket();
  // One bucket for all tests: nothing in it can be destroyed, a new prefix is as good as an empty one.
  const prefix = `${randomUUID()}/`;
  const again = () => createS3Objects({ client, bucket: bucket ?? "", prefix });
  return { store: again(), again, leaveHalf: async () => undefined, dispose: async () => undefined };
});

describe("a versioned bucket", () => {
  const text = (name: string) => new Uint8Array(Buffer.from(name.repeat(10)));

  test("keeps a trashed object as a version behind a delete marker", async () => {
    const own = await newBucket();
    const store = createS3Objects({ client, bucket: own });
    await store.putIfAbsent("packs/a", text("first"));
    await store.trash("packs/a");
    await store.putIfAbsent("packs/a", text("second"));
    const { versions, markers } = await versionsOf(own, "packs/a");
    expect(versions.map(({ IsLatest }) => IsLatest).sort()).toEqual([false, true]);
    expect(markers).toHaveLength(1);
    const old = versions.find(({ IsLatest }) => IsLatest !== true)?.VersionId;
    const { Body } = await client.send(new GetObjectCommand({ Bucket: own, Key: "packs/a", VersionId: old }));
    expect(await Body?.transformToByteArray()).toEqual(text("first"));
    expect(await store.get("packs/a")).toEqual(text("second"));
  });

  test("never gets a second version of a name that is taken, however many put it", async () => {
    const own = await newBucket();
    const store = createS3Objects({ client, bucket: own });
    const puts = Array.from({ length: 12 }, (_, i) => store.putIfAbsent("roots/r", text(`mine ${i}`)));
    const outcomes = await Promise.all(puts);
    expect(outcomes.filter((one) => one === "created")).toHaveLength(1);
    for (let i = 0; i < 3; i++) expect(await store.putIfAbsent("roots/r", text("later"))).toBe("exists");
    expect((await versionsOf(own, "roots/r")).versions).toHaveLength(1);
  });

  test("lists more names than fit on one page", async () => {
    const own = await newBucket();
    const store = createS3Objects({ client, bucket: own });
    const all = Array.from({ length: 1_050 }, (_, i) => `packs/${String(i).padStart(5, "0")}`);
    for (let i = 0; i < all.length; i += 50)
      await Promise.all(all.slice(i, i + 50).map((name) => store.putIfAbsent(name, text("x"))));
    const found: string[] = [];
    for await (const { name } of store.list("packs/")) found.push(name);
    expect(found).toEqual(all);
  });

  test("holds a pack of 32 MiB, and gives any range of it", async () => {
    const store = createS3Objects({ client, bucket: await newBucket() });
    const pack = new Uint8Array(32 * 1024 * 1024);
    for (let i = 0; i < pack.length; i += 4096) pack[i] = i / 4096;
    expect(await store.putIfAbsent("packs/large", pack)).toBe("created");
    expect(Buffer.from(pack).equals(await store.get("packs/large"))).toBe(true);
    const range = { offset: 20 * 1024 * 1024 - 5, length: 600_000 };
    expect(
      Buffer.from(await store.get("packs/large", range)).equals(
        pack.subarray(range.offset, range.offset + range.length),
      ),
    ).toBe(true);
  });
});

test("a bucket that is not versioned is never deleted from", async () => {
  const Bucket = `holdfast-test-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  const store = createS3Objects({ client, bucket: Bucket });
  await store.putIfAbsent("a", new Uint8Array([1]));
  await expect(store.trash("a")).rejects.toThrow(`${Bucket}: its versioning is off`);
  expect(await store.get("a")).toEqual(new Uint8Array([1]));
});
