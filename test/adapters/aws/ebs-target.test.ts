/** Is a restored disk written right into a new EBS snapshot, and does no failed write go unnoticed? */
import { beforeEach, describe, expect, test } from "vitest";
import { createEbsBlocks } from "../../../adapters/aws/ebs/blocks.ts";
import { GIB } from "../../../core/domain/values.ts";
import { type BlockTarget, type TargetRef, TargetUnusable } from "../../../core/ports/blocks.ts";
import { FakeAccount } from "../../support/fake-ec2/account.ts";
import { Quota } from "../../support/fake-ec2/quota.ts";

const BLOCK = 512 * 1024;

describe("EBS snapshots as restore targets", () => {
  let account: FakeAccount;
  let snapshotId: string;
  beforeEach(() => {
    account = new FakeAccount();
    snapshotId = account.direct.start({ VolumeSize: 1 }).SnapshotId;
  });

  const ref = (detail: TargetRef["detail"]): TargetRef => ({
    provider: "ebs",
    diskId: "vol-12345678",
    mode: "fresh",
    writeOnly: true,
    size: GIB,
    detail,
  });
  const open = (): Promise<BlockTarget> =>
    createEbsBlocks({ ebs: account.ebs, timing: account.clock, window: 4 }).openTarget(ref({ snapshotId }));
  const stored = () => account.state.snapshots.get(snapshotId)?.content ?? new Map<number, Uint8Array>();

  test("blocks are written where they belong, also when the caller uses its buffer again at once", async () => {
    const target = await open();
    const buffer = new Uint8Array(BLOCK);
    for (let i = 0; i < 40; i++) await target.write(i * 3 * BLOCK, buffer.fill(i + 1));
    await target.sync();
    expect([...stored()].map(([index, bytes]) => [index, bytes[0], bytes.at(-1)])).toEqual(
      Array.from({ length: 40 }, (_, i) => [i * 3, i + 1, i + 1]),
    );
    await target.close();
  });

  test("a short last piece is followed by zeros, zeros themselves cost no call", async () => {
    const target = await open();
    await target.zero(0, 100 * BLOCK);
    await target.write(2 * BLOCK, new Uint8Array(BLOCK + 700).fill(5));
    await target.sync();
    expect([...stored().keys()]).toEqual([2, 3]);
    const last = stored().get(3);
    expect([last?.length, last?.[699], last?.[700]]).toEqual([BLOCK, 5, 0]);
    expect(account.count("PutSnapshotBlock")).toBe(2);
    await target.close();
  });

  test("a unit that is repeated writes the same blocks again without harm", async () => {
    for (let i = 0; i < 2; i++) {
      const target = await open();
      await target.write(BLOCK, new Uint8Array(BLOCK).fill(3));
      await target.sync();
      await target.close();
    }
    expect([...stored().keys()]).toEqual([1]);
  });

  test("a write that fails is told by sync at the latest, and by every call after it", async () => {
    const target = await open();
    account.denied.add("PutSnapshotBlock");
    await target.write(0, new Uint8Array(BLOCK).fill(1));
    await expect(target.sync()).rejects.toThrow("block 0 of disk vol-12345678");
    await expect(target.write(BLOCK, new Uint8Array(BLOCK).fill(1))).rejects.toThrow("not allowed");
    await expect(target.sync()).rejects.toThrow();
    await target.close();
  });

  test("a snapshot that cancelled itself makes the target unusable", async () => {
    const target = await open();
    account.clock.advance(61 * 60_000);
    await target.write(0, new Uint8Array(BLOCK).fill(1));
    await expect(target.sync()).rejects.toBeInstanceOf(TargetUnusable);
    await target.close();
  });

  test("throttled writes are made again until all are there", async () => {
    account.direct.quotas.write = new Quota(5, account.clock.now);
    const target = await open();
    for (let i = 0; i < 60; i++) await target.write(i * BLOCK, new Uint8Array(BLOCK).fill(1));
    await target.sync();
    expect(stored().size).toBe(60);
    expect(account.direct.quotas.write.refused).toBeGreaterThan(5);
    await target.close();
  });

  test("what cannot be right is refused: odd offsets, blocks outside, no snapshot, reading", async () => {
    const target = await open();
    await expect(target.write(1, new Uint8Array(BLOCK))).rejects.toBeInstanceOf(RangeError);
    await expect(target.write(GIB, new Uint8Array(BLOCK))).rejects.toBeInstanceOf(RangeError);
    expect(() => target.read(0, new Uint8Array(BLOCK))).toThrow("before its restore is finished");
    await target.close();
    const blocks = createEbsBlocks({ ebs: account.ebs, timing: account.clock });
    await expect(blocks.openTarget(ref({}))).rejects.toBeInstanceOf(TargetUnusable);
    await expect(blocks.openTarget({ ...ref({ snapshotId }), provider: "image" })).rejects.toThrow("provider image");
  });
});
