/** Do disks that are alike share what is stored, and does nothing but space depend on the hooks that make it so? */
import { describe, expect, it } from "vitest";
import { isHook } from "../../core/engine/hooks.ts";
import { BLOCK, pattern } from "../support/engine-disks.ts";
import { rewrite, type Versions, versions } from "./versions.ts";

const KIB = 1024;
/** Blocks of 4 KiB that no other block has, and zeros: quick to hash, 4 KiB to store. */
const FEW = 96;

function distinct(blocks: number, from = 1): Uint8Array {
  const disk = new Uint8Array(blocks * BLOCK + 512);
  for (let block = 0; block < blocks; block++) disk.set(pattern(4 * KIB, from + block), block * BLOCK);
  disk.fill(7, blocks * BLOCK);
  return disk;
}

/** A repository with one disk of `blocks` distinct blocks as root "one". */
async function withOne(blocks = FEW): Promise<{ repo: Versions; disk: Uint8Array; stored: number }> {
  const repo = await versions();
  const disk = distinct(blocks);
  const { counts } = await repo.save("one", disk);
  return { repo, disk, stored: counts.stored };
}

describe("a disk that was cloned", () => {
  it("stores almost nothing, and both restore, also when the first goes on alone", async () => {
    const { repo, disk, stored } = await withOne();
    const { counts } = await repo.save("two", disk);
    expect(counts.changed).toBe(FEW * BLOCK + 512);
    expect(counts.stored).toBeLessThan(stored / 4);
    rewrite(disk, 5, 255, 3);
    await repo.save("one-b", disk, { parentRoot: "one" });
    for (const rootId of ["one", "two", "one-b"]) {
      expect(await repo.restored(rootId)).toBe("right");
      expect(await repo.damaged(rootId)).toEqual([]);
    }
  });

  it("and then changed here and there stores at most 1.1 times what exact deduplication would, over both disks", {
    timeout: 120_000,
  }, async () => {
    // Two leaves and a bit: the second disk has to find each leaf again.
    const blocks = 1100;
    const { repo, disk, stored } = await withOne(blocks);
    let fresh = 0;
    for (let block = 3; block < blocks; block += 23, fresh++)
      disk.set(pattern(4 * KIB, 100_000 + block), block * BLOCK);
    const { counts } = await repo.save("two", disk);
    const perBlock = 4 * KIB + 100;
    // What any exact scheme has to write as well: the changed blocks, and leaves that list all blocks.
    const leaves = blocks * 50;
    expect(stored + counts.stored).toBeLessThan(1.1 * (stored + fresh * perBlock + leaves));
    expect(counts.stored - leaves).toBeLessThan((fresh + blocks * 0.05) * perBlock);
    expect(await repo.restored("two")).toBe("right");
  });

  it("finds blocks wherever they lie on its own disk", async () => {
    const { repo, disk } = await withOne();
    const moved = new Uint8Array(disk.length + 7 * BLOCK);
    moved.set(disk.subarray(0, FEW * BLOCK), 6 * BLOCK);
    const { counts } = await repo.save("two", moved);
    expect(counts.stored).toBeLessThan((FEW / 4) * 4 * KIB);
    expect(await repo.restored("two")).toBe("right");
  });
});

describe("hooks that are", () => {
  const soundAnd = async (repo: Versions, disk: Uint8Array) => {
    const { counts } = await repo.save("two", disk);
    expect(await repo.restored("two")).toBe("right");
    expect(await repo.damaged("two")).toEqual([]);
    return counts.stored;
  };

  it("missing, or damaged at any place, cost space and nothing else; the damaged ones are named", async () => {
    const { repo, disk, stored } = await withOne();
    const whole = repo.bytes("hooks/one");
    const versionsOfIt = [undefined, Buffer.alloc(0), whole.subarray(0, 47), whole.subarray(0, -1)];
    for (const bytes of versionsOfIt) {
      repo.put("hooks/one", bytes);
      repo.put("hooks/two", undefined);
      repo.put("roots/two", undefined);
      expect(await soundAnd(repo, disk)).toBeGreaterThan(stored * 0.9);
      const named = (await repo.plane.inspect(repo.domain)).map(({ object }) => object);
      expect(named).toEqual(bytes === undefined ? [] : ["hooks/one"]);
    }
  });

  it("another root's are refused by their name: misleading ones cannot be put there", async () => {
    const { repo, disk, stored } = await withOne();
    await repo.save("other", distinct(FEW, 5000));
    repo.put("hooks/one", repo.bytes("hooks/other"));
    repo.put("hooks/other", undefined);
    expect(await soundAnd(repo, disk)).toBeGreaterThan(stored * 0.9);
  });

  it("leading to a pack that is gone, cut, or damaged at its leaf, header, directory or footer cost space only", async () => {
    for (const harm of ["gone", "cut", "leaf", "header", "directory", "footer"] as const) {
      const { repo, disk, stored } = await withOne();
      const [name = ""] = repo.names("packs/");
      const bytes = repo.bytes(name);
      const end = bytes.length - 40;
      // The last frame of the pack is the leaf; before the footer comes the directory with 16 bytes a frame and a tag.
      const directory = end - (FEW + 2) * 16 - 16;
      if (harm === "gone") repo.put(name, undefined);
      else if (harm === "cut") repo.put(name, bytes.slice(0, -1));
      else repo.flip(name, { leaf: directory - 20, header: 40, directory: directory + 5, footer: end + 12 }[harm]);
      expect(await soundAnd(repo, disk), harm).toBeGreaterThan(stored * 0.9);
    }
  });

  it("leading to avoided packs are not followed", async () => {
    const { repo, disk, stored } = await withOne();
    const [pack = ""] = repo.names("packs/").map((name) => name.slice("packs/".length));
    await repo.plane.quarantine(repo.domain, [pack], repo.now());
    const { counts } = await repo.save("two", disk);
    expect(counts.stored).toBeGreaterThan(stored * 0.9);
    for (const slot of await repo.entries("two"))
      for (const place of slot?.places ?? []) expect(place.pack).not.toBe(pack);
  });
});

it("the parent's hooks go with the new root, which has them all: a clone of either finds its blocks", async () => {
  const { repo, disk, stored } = await withOne();
  for (const block of [2, 40]) rewrite(disk, block, 255, 4);
  await repo.save("one-b", disk, { parentRoot: "one" });
  expect(repo.names("hooks/")).toEqual(["hooks/one-b"]);
  const unchanged = await repo.save("one-c", disk, { parentRoot: "one-b" });
  expect(unchanged.counts.stored).toBe(0);
  expect(repo.names("hooks/")).toEqual(["hooks/one-c"]);
  const { counts } = await repo.save("two", disk);
  expect(counts.stored).toBeLessThan(stored / 4);
  expect(await repo.restored("two")).toBe("right");
});

it("sealing twice keeps the hooks that stand", async () => {
  const { repo, disk } = await withOne();
  const request = {
    domain: repo.domain,
    rootId: "again",
    size: disk.length,
    parentRoot: "one",
    description: { backup: "again", disk: "disk" },
  };
  const { results } = await repo.save("again", disk, { parentRoot: "one" });
  const before = repo.bytes("hooks/again");
  expect(before.length).toBeGreaterThan(250);
  await repo.plane.seal({ ...request, results });
  expect(repo.bytes("hooks/again")).toBe(before);
});

it("one block in eight is a hook", () => {
  const hooks = Array.from({ length: 256 }, (_, last) => Buffer.alloc(32, last)).filter(isHook);
  expect(hooks).toHaveLength(32);
});
