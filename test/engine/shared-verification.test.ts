/** Is what a backup shares with the one before it decoded once, and all damage found all the same? */
import { beforeEach, expect, it } from "vitest";
import { BLOCK, diskOf, LEAF } from "../support/engine-disks.ts";
import { rewrite, type Versions, versions } from "./versions.ts";

const BLOCKS = 6;
let repo: Versions;
let disk: Uint8Array;
let gets: string[];
beforeEach(async () => {
  repo = await versions();
  disk = diskOf(BLOCKS * BLOCK + 512, { 0: 1, 1: 3, 2: 5, 3: 7, 4: 9, 6: 11 });
  await repo.save("a", disk);
  gets = [];
});

/** Verifies a backup; `gets` holds the large reads of packs, `bytes` what they gave. */
async function verify(rootId: string, since?: string) {
  gets = [];
  repo.memory.before = (operation, name) => {
    if (operation === "get") gets.push(name.split("/").slice(1).join("/"));
  };
  const size = repo.contents.get(rootId)?.length ?? 0;
  const unit = { domain: repo.domain, rootId, depth: "data", firstLeaf: 0, budgetMs: 60_000 } as const;
  const told: number[] = [];
  const result = await repo.plane.verify(
    { ...unit, endLeaf: Math.ceil(size / LEAF), ...(since !== undefined && { since }) },
    { onProgress: (bytes) => told.push(bytes) },
  );
  repo.memory.before = () => undefined;
  expect(result.checked).toBe(size);
  expect(told.reduce((sum, bytes) => sum + bytes, 0)).toBe(size);
  return result.damaged.map(({ object }) => object);
}

/** Reads of a pack, of any kind. */
const readsOf = (pack: string) => gets.filter((name) => name === pack).length;

it("what did not change is not decoded a second time: only ends of its pack and leaves are read", async () => {
  const [old = ""] = repo.names("packs/");
  rewrite(disk, 1, 255, 13);
  await repo.save("b", disk, { parentRoot: "a" });
  expect(await verify("a")).toEqual([]);
  expect(await verify("b")).toEqual([]);
  const alone = readsOf(old);
  expect(await verify("b", "a")).toEqual([]);
  expect(readsOf(old)).toBeLessThan(alone);
  // Header and end, and the leaf of "a", which tells what is the same.
  expect(readsOf(old)).toBeLessThanOrEqual(4);
});

it("a backup without changes is verified by its leaves alone", async () => {
  await repo.save("b", disk, { parentRoot: "a" });
  repo.flip(repo.names("packs/")[0] ?? "", 1000);
  expect(await verify("b", "a")).toEqual([]);
  expect(await verify("b")).toHaveLength(1);
});

it("damage in what is shared is found by the first, damage in what changed by the second, damage to ends by both", async () => {
  const [old = ""] = repo.names("packs/");
  rewrite(disk, 1, 255, 13);
  rewrite(disk, 2, 1, 15);
  await repo.save("b", disk, { parentRoot: "a" });
  const fresh = repo.names("packs/").find((name) => name !== old) ?? "";
  repo.flip(old, 1000);
  expect(await verify("a")).toEqual([old]);
  expect(await verify("b", "a")).toEqual([]);
  repo.flip(old, 1000);
  repo.flip(fresh, 1000);
  expect(await verify("a")).toEqual([]);
  expect(await verify("b", "a")).toEqual([fresh]);
  repo.flip(fresh, 1000);
  repo.flip(old, repo.bytes(old).length - 1);
  expect(await verify("a")).toEqual([old]);
  expect(await verify("b", "a")).toEqual([old]);
});

it("a patched block is looked at as a whole, so a damaged frame that it still uses is found again", async () => {
  const [old = ""] = repo.names("packs/");
  const [first] = (await repo.entries("a"))[0]?.places ?? [];
  rewrite(disk, 0, 1, 13);
  await repo.save("b", disk, { parentRoot: "a" });
  repo.flip(old, (first?.offset ?? 0) + 300_000);
  expect(await verify("b", "a")).toEqual([old]);
});

it("with an earlier root that is damaged, gone, of another size, or of another disk, everything new is decoded", async () => {
  rewrite(disk, 1, 255, 13);
  const grown = new Uint8Array((BLOCKS + 2) * BLOCK);
  grown.set(disk);
  await repo.save("b", grown, { parentRoot: "a" });
  await repo.save("other", diskOf(BLOCK, { 0: 2 }));
  const [place] = (await repo.entries("b"))[6]?.places ?? [];
  const name = `packs/${place?.pack}`;
  repo.flip(name, (place?.offset ?? 0) + 3);
  for (const since of ["a", "other", "missing"]) expect(await verify("b", since), since).toEqual([name]);
  repo.flip("roots/a", 60);
  expect(await verify("b", "a")).toEqual([name]);
});

it("after a move the same is true: what the two share is known by the names it had", async () => {
  rewrite(disk, 1, 255, 13);
  await repo.save("b", disk, { parentRoot: "a" });
  await repo.compact(1.01);
  await repo.collectAll();
  expect(await verify("a")).toEqual([]);
  expect(await verify("b", "a")).toEqual([]);
  const [place] = (await repo.entries("b"))[1]?.places ?? [];
  repo.flip(`packs/${place?.pack}`, (place?.offset ?? 0) + 3);
  expect(await verify("b", "a")).toEqual([`packs/${place?.pack}`]);
});
