/** Is an EBS snapshot read right, with as few calls as the API allows, and with every error told for what it is? */
import { beforeEach, describe, expect, test } from "vitest";
import { createEbsBlocks } from "../../../adapters/aws/ebs/blocks.ts";
import { GIB } from "../../../core/domain/values.ts";
import {
  type BlockHint,
  type BlockSource,
  ProviderUnavailable,
  type SnapshotRef,
  SourceChanged,
} from "../../../core/ports/blocks.ts";
import { FakeAccount } from "../../support/fake-ec2/account.ts";
import { Quota } from "../../support/fake-ec2/quota.ts";

const BLOCK = 512 * 1024;
const LEAF = 1_024;

describe("EBS snapshots as block sources", () => {
  let account: FakeAccount;
  let volume: string;
  const log: string[] = [];
  beforeEach(() => {
    account = new FakeAccount();
    log.length = 0;
    volume = account.addVolume({ sizeGib: 2 });
  });

  const block = (value: number) => new Uint8Array(BLOCK).fill(value);
  const write = (...entries: readonly (readonly [number, Uint8Array | undefined])[]) => {
    const content = new Map(account.changes.volume(volume).content);
    for (const [index, bytes] of entries) {
      if (bytes === undefined) content.delete(index);
      else content.set(index, bytes);
    }
    account.changes.volume(volume).content = content;
  };
  const snapshot = (): string => {
    account.clock.advance(60_000);
    const { id } = account.snapshots.create({ VolumeId: volume });
    account.clock.advance(60_000);
    account.state.settle();
    return id;
  };
  const ref = (snapshotId: string, since?: string): SnapshotRef => ({
    provider: "ebs",
    diskId: volume,
    snapshotId,
    size: 2 * GIB,
    comparable: true,
    ...(since !== undefined && { since: { snapshotId: since } }),
    detail: {},
  });
  const open = (of: SnapshotRef, window = 8): Promise<BlockSource> =>
    createEbsBlocks({ ebs: account.ebs, timing: account.clock, window, log: (text) => log.push(text) }).openSource(of);
  const survey = async (source: BlockSource, first: number, count: number): Promise<readonly BlockHint[]> =>
    (await source.survey?.(first, count)) ?? [];
  const at = async (source: BlockSource, index: number): Promise<Uint8Array> => {
    const into = new Uint8Array(BLOCK);
    await source.read(index * BLOCK, into);
    return into;
  };
  /** Reads as the engine does: leaf by leaf, the `data` blocks in order. */
  const walk = async (source: BlockSource): Promise<Map<number, number>> => {
    const seen = new Map<number, number>();
    for (let leaf = 0; leaf < (2 * GIB) / BLOCK / LEAF; leaf++)
      for (const [i, hint] of (await survey(source, leaf * LEAF, LEAF)).entries())
        if (hint === "data") seen.set(leaf * LEAF + i, (await at(source, leaf * LEAF + i))[9] ?? -1);
    return seen;
  };

  test("what was never written is zero, all else is read as it is, one call a block and one for the list", async () => {
    write([0, block(1)], [1, block(2)], [1_023, block(3)], [1_024, block(4)], [4_095, block(5)]);
    const source = await open(ref(snapshot()));
    expect(account.calls.filter(({ operation }) => /List|Get/.test(operation))).toEqual([]);
    expect([...(await walk(source))]).toEqual([
      [0, 1],
      [1, 2],
      [1_023, 3],
      [1_024, 4],
      [4_095, 5],
    ]);
    expect(account.count("GetSnapshotBlock")).toBe(5);
    expect(account.count("ListSnapshotBlocks")).toBe(1);
    await source.close();
  });

  test("with an earlier snapshot, only what changed is read, what was deallocated is zero, the rest is the same", async () => {
    write([0, block(1)], [1, block(2)], [2, block(3)]);
    const earlier = snapshot();
    write([1, block(9)], [2, undefined], [7, block(8)]);
    const source = await open(ref(snapshot(), earlier));
    expect((await survey(source, 0, 9)).join()).toBe("same,data,zero,same,same,same,same,data,same");
    expect((await at(source, 1))[0]).toBe(9);
    expect((await at(source, 7))[0]).toBe(8);
    expect([account.count("GetSnapshotBlock"), account.count("ListChangedBlocks")]).toEqual([2, 1]);
    expect(account.count("ListSnapshotBlocks")).toBe(0);
    // Any other block can be read as well, with a look into the list of all.
    expect((await at(source, 0))[0]).toBe(1);
    expect((await at(source, 2))[0]).toBe(0);
    expect((await at(source, 5))[0]).toBe(0);
    await source.close();
  });

  test.each(["gone", "another volume"])(
    "when the earlier snapshot is %s, everything is read, and that is told",
    async (what) => {
      write([3, block(3)], [4, block(4)]);
      const earlier = snapshot();
      if (what === "gone") account.state.snapshots.delete(earlier);
      else Object.assign(account.state.snapshots.get(earlier) ?? {}, { volumeId: "vol-other" });
      const source = await open(ref(snapshot(), earlier));
      expect([...(await walk(source)).keys()]).toEqual([3, 4]);
      expect(log.join()).toContain(earlier);
      await source.close();
    },
  );

  test("when the earlier snapshot is not ours any more (its tag was taken off), everything is read, and that is told", async () => {
    write([3, block(3)], [4, block(4)]);
    const earlier = snapshot();
    account.denied.add("ListChangedBlocks");
    const source = await open(ref(snapshot(), earlier));
    expect([...(await walk(source)).keys()]).toEqual([3, 4]);
    expect(log.join()).toContain(earlier);
    await source.close();
  });

  test("missing permission to read the snapshot itself is an error", async () => {
    const earlier = snapshot();
    account.denied.add("ListChangedBlocks").add("ListSnapshotBlocks");
    const source = await open(ref(snapshot(), earlier));
    await expect(survey(source, 0, 8)).rejects.toMatchObject({ name: "AccessDeniedException" });
    await source.close();
  });

  test("empty pages with a next one are walked over", async () => {
    account.direct.emptyPages = true;
    write([5, block(5)], [3_000, block(6)]);
    const source = await open(ref(snapshot()));
    expect([...(await walk(source))]).toEqual([
      [5, 5],
      [3_000, 6],
    ]);
    await source.close();
  });

  test("page tokens that grew old are not used, block tokens are good for days", async () => {
    const big = account.addVolume({ sizeGib: 8 });
    const one = block(1);
    account.changes.volume(big).content = new Map(Array.from({ length: 16_000 }, (_, i) => [i, one]));
    account.clock.advance(60_000);
    const { id } = account.snapshots.create({ VolumeId: big });
    account.clock.advance(60_000);
    const source = await open({ ...ref(id), diskId: big, size: 8 * GIB });
    expect(await survey(source, 0, LEAF)).toHaveLength(LEAF);
    account.clock.advance(3 * 3_600_000);
    expect((await at(source, 0))[0]).toBe(1);
    expect(new Set(await survey(source, 9_500, LEAF))).toEqual(new Set(["data"]));
    expect((await at(source, 10_400))[0]).toBe(1);
    expect(account.count("ListSnapshotBlocks")).toBe(2);
    await source.close();
  });

  test("a read may begin and end anywhere", async () => {
    write([0, block(1)], [2, block(3)]);
    const source = await open(ref(snapshot()));
    const into = new Uint8Array(2 * BLOCK);
    await source.read(BLOCK - 5, into);
    expect([into[4], into[5], into[BLOCK + 4], into[BLOCK + 5]]).toEqual([1, 0, 0, 3]);
    await expect(source.read(2 * GIB - 1, into)).rejects.toBeInstanceOf(RangeError);
    await source.close();
  });

  test("bytes that do not match their checksum are asked for again, and never handed out", async () => {
    write([1, block(1)], [2, block(2)]);
    const id = snapshot();
    account.direct.garbled.set(1, 2);
    const source = await open(ref(id));
    await survey(source, 0, 4);
    expect(await at(source, 1)).toEqual(block(1));
    expect(account.count("GetSnapshotBlock")).toBe(4);
    await source.close();

    account.direct.garbled.set(2, 100);
    const again = await open(ref(id));
    await survey(again, 0, 4);
    await expect(at(again, 2)).rejects.toThrow(new RegExp(`block 2 of disk ${volume} \\(${id}\\)`));
    await again.close();
  });

  test("a snapshot that is gone is a source that changed, in lists and in reads", async () => {
    write([1, block(1)], [2, block(2)], [3, block(3)]);
    const id = snapshot();
    const source = await open(ref(id), 1);
    await survey(source, 0, 8);
    expect((await at(source, 1))[0]).toBe(1);
    account.state.snapshots.delete(id);
    await expect(at(source, 3)).rejects.toBeInstanceOf(SourceChanged);
    await source.close();
    const other = await open(ref(id));
    await expect(survey(other, 0, 8)).rejects.toBeInstanceOf(SourceChanged);
    await other.close();
  });

  test("throttled requests are made again, and none twice that was answered", async () => {
    account.direct.quotas.read = new Quota(20, account.clock.now);
    write(...Array.from({ length: 200 }, (_, i) => [i, block(i % 250)] as const));
    const source = await open(ref(snapshot()), 32);
    expect((await walk(source)).size).toBe(200);
    expect(account.direct.quotas.read.refused).toBeGreaterThan(10);
    expect(account.direct.quotas.read.allowed).toBe(200);
    await source.close();
  });

  test("throttling that does not end is an error in the end", async () => {
    write([0, block(1)]);
    const source = await open(ref(snapshot()));
    await survey(source, 0, 4);
    account.direct.quotas.read = new Quota(0, account.clock.now);
    await expect(at(source, 0)).resolves.toBeDefined(); // was fetched ahead
    await expect(at(source, 1)).resolves.toEqual(new Uint8Array(BLOCK));
    const other = await open(ref(snapshot()));
    await survey(other, 0, 4);
    await expect(at(other, 0)).rejects.toBeInstanceOf(ProviderUnavailable);
    await source.close();
    await other.close();
  });

  test("closing stops what was fetched ahead", async () => {
    write(...Array.from({ length: 64 }, (_, i) => [i, block(1)] as const));
    const source = await open(ref(snapshot()), 4);
    await survey(source, 0, 64);
    await source.close();
    const asked = account.count("GetSnapshotBlock");
    expect(asked).toBeLessThanOrEqual(4);
    await new Promise((resolve) => setImmediate(resolve));
    expect(account.count("GetSnapshotBlock")).toBe(asked);
  });
});
