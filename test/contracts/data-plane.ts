/** What does every data plane promise? Run on the direct form and on the worker pool. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type SnapshotRef, SourceChanged, type TargetRef, TargetUnusable } from "../../core/ports/blocks.ts";
import { Damaged, type DataPlane, Interrupted, SealRefused, SourceDiffers } from "../../core/ports/data-plane.ts";
import { ObjectMissing, type ObjectStore, StoreFailed, StoreFull } from "../../core/ports/object-store.ts";
import { BLOCK, backUp, diskOf, LEAF, sha256, testDomain, withHints } from "../support/engine-disks.ts";

async function packsOf(objects: ObjectStore): Promise<{ readonly name: string; readonly size: number }[]> {
  const packs: { readonly name: string; readonly size: number }[] = [];
  for await (const pack of objects.list(`${domain.domainId}/packs/`)) packs.push(pack);
  return packs;
}

/** What happens to the next puts, or to every read of a source. */
export type Fault = "put-full" | "put-failed" | "source-changed" | "slow-source" | undefined;

export interface DataPlaneUnderTest {
  readonly plane: DataPlane;
  /** The plane's objects, to look at. */
  readonly objects: ObjectStore;
  /** Its sources tell what `withHints` adds to the reference. */
  capture(name: string, bytes: Uint8Array): Promise<SnapshotRef>;
  target(name: string, bytes: Uint8Array, mode: TargetRef["mode"]): Promise<TargetRef>;
  targetBytes(name: string): Promise<Uint8Array>;
  /** Replaces an object's bytes, or removes it. */
  damage(name: string, bytes: Uint8Array | undefined): Promise<void>;
  inject(fault: Fault): Promise<void>;
  dispose(): Promise<void>;
}

const domain = testDomain();
const whole = { firstLeaf: 0, endLeaf: 1, budgetMs: 60_000 };
// Odd on purpose: ends 3,584 bytes into block 12.
const SIZE = 12 * BLOCK + 7 * 512;
const BLOCKS = { 0: 1, 1: 2, 3: 5, 4: 1, 8: 9, 12: 11 };

/** Runs every promise on planes that `open` makes, with an empty repository for each test. */
export function dataPlaneContract(name: string, open: () => Promise<DataPlaneUnderTest>): void {
  describe(`data plane: ${name}`, () => {
    let current: DataPlaneUnderTest | undefined;
    const given = () => {
      if (current === undefined) throw new Error("no data plane is open");
      return current;
    };
    beforeEach(async () => {
      current = await open();
    });
    afterEach(async () => {
      await current?.dispose();
      current = undefined;
    });
    backupPromises(given);
    hintPromises(given);
    restorePromises(given);
    comparePromises(given);
    failurePromises(given);
  });
}

function backupPromises(given: () => DataPlaneUnderTest): void {
  it("counts what it read, found non-zero, found changed and stored", async () => {
    const { plane, objects, capture } = given();
    const { counts, facts } = await backUp(plane, domain, await capture("a", diskOf(SIZE, BLOCKS)), "a");
    const nonZero = 5 * BLOCK + 7 * 512;
    expect(counts).toMatchObject({ read: SIZE, nonZero, changed: nonZero });
    expect(facts).toMatchObject({ rootId: "a", size: SIZE, leaves: 1, nonZero, stored: counts.stored });
    let stored = 0;
    for await (const { size } of objects.list(`${domain.domainId}/packs/`)) stored += size;
    expect(counts.stored).toBe(stored);
  });

  it("stores only blocks that differ from the parent at the same place, and nothing for an equal disk", async () => {
    const { plane, capture } = given();
    await backUp(plane, domain, await capture("a", diskOf(SIZE, BLOCKS)), "a");
    const changed = diskOf(SIZE, { ...BLOCKS, 3: 7, 1: 0 });
    const b = await backUp(plane, domain, await capture("b", changed), "b", { parentRoot: "a" });
    expect(b.counts.changed).toBe(2 * BLOCK);
    const c = await backUp(plane, domain, await capture("c", changed), "c", { parentRoot: "b" });
    expect(c.counts).toMatchObject({ changed: 0, stored: 0 });
    expect(c.facts).toMatchObject({ nonZero: b.facts.nonZero, stored: 0 });
  });

  it("tells what a root holds, as it was sealed, and the difference between two", async () => {
    const { plane, capture } = given();
    const a = await backUp(plane, domain, await capture("a", diskOf(SIZE, BLOCKS)), "a");
    const b = await backUp(plane, domain, await capture("b", diskOf(SIZE, { ...BLOCKS, 6: 21 })), "b", {
      parentRoot: "a",
    });
    expect(await plane.root(domain, "a")).toEqual(a.facts);
    expect((await plane.root(domain, "b")).description).toEqual({ backup: "b", disk: expect.any(String) });
    expect(await plane.difference(domain, undefined, "b")).toBe(b.facts.nonZero);
    expect(await plane.difference(domain, "a", "b")).toBe(BLOCK);
    expect(await plane.difference(domain, "b", "a")).toBe(0);
    await expect(plane.root(domain, "never")).rejects.toBeInstanceOf(ObjectMissing);
  });

  it("works a disk of several leaves in units of any size, and tells progress that adds up to the disk", async () => {
    const { plane, capture } = given();
    const disk = diskOf(LEAF + 3 * BLOCK, { 0: 1, 1023: 2, 1024: 4, 1026: 6 });
    const snapshot = await capture("a", disk);
    let told = 0;
    const onProgress = (bytes: number) => {
      told += bytes;
    };
    const unit = { domain, snapshot, firstLeaf: 0, endLeaf: 2, level: 1 };
    const first = await plane.transfer({ ...unit, budgetMs: 0 }, { onProgress });
    expect(first).toMatchObject({ firstLeaf: 0, endLeaf: 1 });
    const second = await plane.transfer({ ...unit, firstLeaf: 1, budgetMs: 60_000 }, { onProgress });
    expect(second).toMatchObject({ firstLeaf: 1, endLeaf: 2 });
    expect(told).toBe(disk.length);
    const request = { domain, rootId: "a", size: disk.length, description: {} };
    await expect(plane.seal({ ...request, results: [first.payload] })).rejects.toBeInstanceOf(SealRefused);
    const facts = await plane.seal({ ...request, results: [first.payload, second.payload] });
    expect(facts).toMatchObject({ leaves: 2, nonZero: 4 * BLOCK });
  });

  it("seals twice into the same root, and never another one under its name", async () => {
    const { plane, capture } = given();
    const { facts, results } = await backUp(plane, domain, await capture("a", diskOf(SIZE, BLOCKS)), "a");
    const request = { domain, rootId: "a", size: SIZE, results };
    expect(await plane.seal({ ...request, description: facts.description })).toEqual(facts);
    await expect(plane.seal({ ...request, description: { other: true } })).rejects.toBeInstanceOf(SealRefused);
    expect(await plane.root(domain, "a")).toEqual(facts);
  });
}

function hintPromises(given: () => DataPlaneUnderTest): void {
  // Blocks 0, 1, 3, 4, 8 and 12 hold something; what the source says is true of both disks below.
  const AGAIN = "sszdssddsssss";

  it("does not read what the source says is zero or the same, and tells progress of the whole disk all the same", async () => {
    const { plane, capture, target, targetBytes } = given();
    const a = await backUp(plane, domain, await capture("a", diskOf(SIZE, BLOCKS)), "a");
    const disk = diskOf(SIZE, { ...BLOCKS, 3: 7, 6: 13 });
    const snapshot = withHints(await capture("b", disk), AGAIN, "a");
    let told = 0;
    const onProgress = (bytes: number) => {
      told += bytes;
    };
    const { counts, payload } = await plane.transfer(
      { ...whole, domain, snapshot, parentRoot: "a", level: 1 },
      { onProgress },
    );
    expect(counts).toMatchObject({ read: 3 * BLOCK, nonZero: a.facts.nonZero + BLOCK, changed: 2 * BLOCK });
    expect(told).toBe(SIZE);
    await plane.seal({ domain, rootId: "b", size: SIZE, description: {}, results: [payload] });
    const unit = { ...whole, domain, rootId: "b", target: await target("t", new Uint8Array(SIZE), "fresh") };
    await plane.restore({ ...unit, readBack: true });
    expect(sha256(await targetBytes("t"))).toBe(sha256(disk));
  });

  it("stores and reads nothing for a disk that the source says is the same throughout", async () => {
    const { plane, capture } = given();
    const a = await backUp(plane, domain, await capture("a", diskOf(SIZE, BLOCKS)), "a");
    const snapshot = withHints(await capture("b", diskOf(SIZE, BLOCKS)), "s".repeat(13), "a");
    const b = await backUp(plane, domain, snapshot, "b", { parentRoot: "a" });
    expect(b.counts).toEqual({ read: 0, nonZero: a.facts.nonZero, changed: 0, stored: 0 });
    expect(b.facts).toMatchObject({ nonZero: a.facts.nonZero, stored: 0 });
    expect(await plane.difference(domain, "a", "b")).toBe(0);
  });

  it("reads what is the same from the source when the parent's pack is gone", async () => {
    const { plane, objects, capture, damage } = given();
    await backUp(plane, domain, await capture("a", diskOf(SIZE, BLOCKS)), "a");
    const [pack] = await packsOf(objects);
    await damage(pack?.name ?? "", undefined);
    const snapshot = withHints(await capture("b", diskOf(SIZE, BLOCKS)), AGAIN, "a");
    const { counts } = await backUp(plane, domain, snapshot, "b", { parentRoot: "a" });
    expect(counts.read).toBe(SIZE - BLOCK);
    const verified = await plane.verify({ ...whole, domain, rootId: "b", depth: "data" });
    expect(verified).toMatchObject({ checked: SIZE, damaged: [] });
  });
}

function restorePromises(given: () => DataPlaneUnderTest): void {
  it.each(["fresh", "overwrite"] as const)("restores the disk byte for byte (%s)", async (mode) => {
    const { plane, capture, target, targetBytes } = given();
    const disk = diskOf(SIZE, BLOCKS);
    await backUp(plane, domain, await capture("a", disk), "a");
    const before = mode === "fresh" ? new Uint8Array(SIZE) : new Uint8Array(SIZE).fill(0xee);
    let told = 0;
    const onProgress = (bytes: number) => {
      told += bytes;
    };
    const unit = { ...whole, domain, rootId: "a", target: await target("t", before, mode), readBack: true };
    const result = await plane.restore(unit, { onProgress });
    const nonZero = 5 * BLOCK + 7 * 512;
    const zeroed = mode === "fresh" ? 0 : SIZE - nonZero;
    expect(result).toEqual({ firstLeaf: 0, endLeaf: 1, written: nonZero, zeroed, readBack: SIZE });
    expect(told).toBe(SIZE);
    expect(sha256(await targetBytes("t"))).toBe(sha256(disk));
  });

  it("leaves a larger target alone behind the end of the backup, and refuses a smaller one", async () => {
    const { plane, capture, target, targetBytes } = given();
    const disk = diskOf(SIZE, BLOCKS);
    await backUp(plane, domain, await capture("a", disk), "a");
    const large = await target("large", new Uint8Array(SIZE + 1024).fill(7), "overwrite");
    await plane.restore({ ...whole, domain, rootId: "a", target: large, readBack: false });
    const bytes = await targetBytes("large");
    expect(sha256(bytes.subarray(0, SIZE))).toBe(sha256(disk));
    expect(Uint8Array.from(bytes.subarray(SIZE))).toEqual(new Uint8Array(1024).fill(7));
    const small = await target("small", new Uint8Array(SIZE - 512), "overwrite");
    const restoring = plane.restore({ ...whole, domain, rootId: "a", target: small, readBack: false });
    await expect(restoring).rejects.toBeInstanceOf(TargetUnusable);
  });

  it("verifies a sound backup as sound, and names a damaged pack", async () => {
    const { plane, objects, capture, damage, target } = given();
    await backUp(plane, domain, await capture("a", diskOf(SIZE, BLOCKS)), "a");
    const unit = { ...whole, domain, rootId: "a", depth: "data" } as const;
    expect(await plane.verify(unit)).toEqual({ firstLeaf: 0, endLeaf: 1, checked: SIZE, damaged: [] });
    const [pack] = await packsOf(objects);
    const inRepository = pack?.name.slice(domain.domainId.length + 1);
    const bytes = await objects.get(pack?.name ?? "");
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await damage(pack?.name ?? "", bytes);
    expect((await plane.verify(unit)).damaged).toEqual([{ object: inRepository, reason: expect.any(String) }]);
    const restoring = plane.restore({
      ...unit,
      target: await target("t", new Uint8Array(SIZE), "fresh"),
      readBack: false,
    });
    await expect(restoring).rejects.toBeInstanceOf(Damaged);
    await expect(restoring).rejects.toMatchObject({ object: inRepository });
  });
}

function comparePromises(given: () => DataPlaneUnderTest): void {
  const unit = { ...whole, domain, rootId: "a" };

  it("finds a source equal that holds the bytes of the root, and tells progress of all of it", async () => {
    const { plane, capture } = given();
    await backUp(plane, domain, await capture("a", diskOf(SIZE, BLOCKS)), "a");
    let told = 0;
    const onProgress = (bytes: number) => {
      told += bytes;
    };
    const source = await capture("b", diskOf(SIZE, BLOCKS));
    expect(await plane.compare({ ...unit, source }, { onProgress })).toEqual({ firstLeaf: 0, endLeaf: 1, equal: SIZE });
    expect(told).toBe(SIZE);
  });

  it.each([
    ["another byte", { ...BLOCKS, 4: 3 }, 4],
    ["something where the root has zeros", { ...BLOCKS, 6: 1, 9: 1 }, 6],
    ["zeros where the root has something", { 0: 1, 1: 2, 3: 5, 4: 1, 12: 11 }, 8],
    ["another last, short block", { ...BLOCKS, 12: 3 }, 12],
  ])("names the first block and its offset when the source holds %s", async (_what, content, block) => {
    const { plane, capture } = given();
    await backUp(plane, domain, await capture("a", diskOf(SIZE, BLOCKS)), "a");
    const disk = diskOf(SIZE, content);
    for (const source of [await capture("b", disk), withHints(await capture("c", disk), hintsOf(disk))]) {
      const comparing = plane.compare({ ...unit, source });
      await expect(comparing).rejects.toBeInstanceOf(SourceDiffers);
      await expect(comparing).rejects.toThrow(`block ${block}, at byte offset ${block * BLOCK}`);
    }
  });

  it("compares the root's range only: a larger source may go on, a smaller one differs", async () => {
    const { plane, capture } = given();
    await backUp(plane, domain, await capture("a", diskOf(SIZE, BLOCKS)), "a");
    const large = new Uint8Array(SIZE + BLOCK).fill(7);
    large.set(diskOf(SIZE, BLOCKS));
    const source = await capture("large", large);
    expect(await plane.compare({ ...unit, source })).toEqual({ firstLeaf: 0, endLeaf: 1, equal: SIZE });
    const small = await capture("small", diskOf(SIZE - 512, BLOCKS));
    await expect(plane.compare({ ...unit, source: small })).rejects.toBeInstanceOf(SourceDiffers);
  });

  it("works leaf by leaf within its budget, and can be stopped", async () => {
    const { plane, capture, inject } = given();
    const content = { 0: 1, 1023: 2, 1024: 4 };
    await backUp(plane, domain, await capture("a", diskOf(LEAF + 2 * BLOCK, content)), "a");
    const source = await capture("b", diskOf(LEAF + 2 * BLOCK, { ...content, 1025: 6 }));
    const both = { ...unit, source, endLeaf: 2 };
    expect(await plane.compare({ ...both, budgetMs: 0 })).toEqual({ firstLeaf: 0, endLeaf: 1, equal: LEAF });
    await expect(plane.compare({ ...both, firstLeaf: 1 })).rejects.toThrow("block 1025");
    await expect(plane.compare(both, { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(Interrupted);
    await inject("slow-source");
    const controller = new AbortController();
    const stopped = plane.compare(both, { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(stopped).rejects.toBeInstanceOf(Interrupted);
  });

  it("says what is wrong when there is no such root, or its leaf is damaged", async () => {
    const { plane, objects, capture, damage } = given();
    const source = await capture("a", diskOf(SIZE, BLOCKS));
    await expect(plane.compare({ ...unit, source })).rejects.toBeInstanceOf(ObjectMissing);
    await backUp(plane, domain, source, "a");
    const [pack] = await packsOf(objects);
    await damage(pack?.name ?? "", undefined);
    await expect(plane.compare({ ...unit, source })).rejects.toBeInstanceOf(Damaged);
  });
}

/** What a source that knows all of its zeros says of a disk. */
function hintsOf(disk: Uint8Array): string {
  let hints = "";
  for (let at = 0; at < disk.length; at += BLOCK)
    hints += disk.subarray(at, at + BLOCK).every((byte) => byte === 0) ? "z" : "d";
  return hints;
}

function failurePromises(given: () => DataPlaneUnderTest): void {
  const unitOf = (snapshot: SnapshotRef) => ({ ...whole, domain, snapshot, level: 1 });

  it.each([
    ["put-full", StoreFull],
    ["put-failed", StoreFailed],
    ["source-changed", SourceChanged],
  ] as const)(
    "rejects a transfer with the class of what went wrong (%s), and works again afterwards",
    async (fault, type) => {
      const { plane, capture, inject } = given();
      const snapshot = await capture("a", diskOf(SIZE, BLOCKS));
      await inject(fault);
      await expect(plane.transfer(unitOf(snapshot))).rejects.toBeInstanceOf(type);
      await inject(undefined);
      expect((await plane.transfer(unitOf(snapshot))).endLeaf).toBe(1);
    },
  );

  it("stops a transfer from outside, before and in the middle", async () => {
    const { plane, capture, inject } = given();
    const snapshot = await capture("a", diskOf(SIZE, BLOCKS));
    const unit = unitOf(snapshot);
    await expect(plane.transfer(unit, { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(Interrupted);
    await inject("slow-source");
    const controller = new AbortController();
    const stopped = plane.transfer(unit, { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(stopped).rejects.toBeInstanceOf(Interrupted);
    await inject(undefined);
    expect((await plane.transfer(unit)).endLeaf).toBe(1);
  });

  it.each(["deleted", "truncated", "swapped"])("refuses to seal when a pack was %s meanwhile", async (how) => {
    const { plane, objects, capture, damage } = given();
    const one = await plane.transfer(unitOf(await capture("a", diskOf(SIZE, BLOCKS))));
    const [pack] = await packsOf(objects);
    const name = pack?.name ?? "";
    await plane.transfer(unitOf(await capture("b", diskOf(SIZE, { 0: 31 }))));
    const other = (await packsOf(objects)).find((object) => object.name !== name)?.name ?? "";
    const replacement = {
      deleted: undefined,
      truncated: (await objects.get(name)).slice(0, -1),
      swapped: await objects.get(other),
    };
    await damage(name, replacement[how as keyof typeof replacement]);
    const request = { domain, rootId: "a", size: SIZE, description: {}, results: [one.payload] };
    await expect(plane.seal(request)).rejects.toBeInstanceOf(SealRefused);
    await expect(plane.root(domain, "a")).rejects.toBeInstanceOf(ObjectMissing);
  });
}
