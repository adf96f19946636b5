/** Is an object that is genuine but not the one that belongs under its name, an older one for instance, found out and named? */
import { beforeEach, describe, expect, it } from "vitest";
import { avoidName } from "../../core/engine/avoid-set.ts";
import { mapName } from "../../core/engine/relocations.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { rewrite, type Versions, versions } from "./versions.ts";

let repo: Versions;
let disk: Uint8Array;
beforeEach(async () => {
  repo = await versions();
  disk = diskOf(2 * BLOCK + 512, { 0: 1, 1: 3, 2: 5 });
  await repo.save("a", disk);
  rewrite(disk, 1, 255, 9);
  await repo.save("b", disk, { parentRoot: "a" });
});

const inspected = async () => (await repo.plane.inspect(repo.domain)).map(({ object }) => object);

describe("an older object put back in place of another", () => {
  it("root: named, not restored; the next backup does without it", async () => {
    repo.put("roots/b", repo.bytes("roots/a"));
    expect(await repo.damaged("b")).toEqual(["roots/b"]);
    expect(await repo.restored("b")).toMatchObject({ name: "Damaged", object: "roots/b" });
    await expect(repo.plane.root(repo.domain, "b")).rejects.toMatchObject({ object: "roots/b" });
    const { counts } = await repo.save("c", disk, { parentRoot: "b" });
    expect(counts.changed).toBe(disk.length);
    expect(await repo.restored("c")).toBe("right");
  });

  it("root under a name that was never used: named", async () => {
    repo.put("roots/new", repo.bytes("roots/a"));
    repo.contents.set("new", disk);
    expect(await repo.damaged("new")).toEqual(["roots/new"]);
  });

  it("pack: named by both depths, not restored, and the next backup stores anew what it held", async () => {
    const [one = "", two = ""] = repo.names("packs/");
    const older = repo.bytes(one);
    repo.put(two, older);
    expect(await repo.damaged("b")).toEqual([two]);
    expect(await repo.damaged("b", "presence")).toEqual([two]);
    expect(await repo.restored("b")).toMatchObject({ name: "Damaged", object: two });
    // Its leaf cannot be read, so everything is read and stored where it is sound.
    await repo.save("c", disk, { parentRoot: "b" });
    expect(await repo.restored("c")).toBe("right");
    expect(await repo.damaged("c")).toEqual([]);
  });

  it("pack of the same bytes from another attempt, with this pack's id written over its own: named, not restored", async () => {
    const other = await versions();
    await other.save("a", diskOf(2 * BLOCK + 512, { 0: 1, 1: 3, 2: 5 }));
    const [mine = ""] = repo.names("packs/");
    const [theirs = ""] = other.names("packs/");
    const forged = Uint8Array.from(other.bytes(theirs));
    forged.set(repo.bytes(mine).subarray(16, 32), 16);
    expect(forged.length).toBe(repo.bytes(mine).length);
    repo.put(mine, forged);
    expect(await repo.damaged("a")).toEqual([mine]);
    expect(await repo.restored("a")).toMatchObject({ object: mine });
  });

  it("avoid-set, map, hooks: named by the inspection of the repository", async () => {
    await repo.plane.quarantine(repo.domain, ["aa".repeat(16)], 1);
    await repo.plane.quarantine(repo.domain, ["bb".repeat(16)], 1);
    await repo.compact(1.01);
    await repo.compact(1.01);
    expect(await inspected()).toEqual([]);
    repo.put(avoidName(2), repo.bytes(avoidName(1)));
    repo.put(mapName(2), repo.bytes(mapName(1)));
    repo.put("hooks/old", repo.bytes("hooks/b"));
    expect([...(await inspected())].sort()).toEqual([avoidName(2), "hooks/old", mapName(2)]);
    expect(await repo.damaged("b")).toContain(mapName(2));
    expect(await repo.restored("b")).not.toBe("WRONG");
  });

  it("avoid-set: a quarantine cannot be taken back by it, since nothing is referred to until it is readable", async () => {
    const packs = repo.names("packs/").map((name) => name.slice("packs/".length));
    await repo.plane.quarantine(repo.domain, ["aa".repeat(16)], 1);
    await repo.plane.quarantine(repo.domain, packs, 1);
    repo.put(avoidName(2), repo.bytes(avoidName(1)));
    await repo.save("c", disk, { parentRoot: "b" });
    for (const slot of await repo.entries("c"))
      for (const { pack } of slot?.places ?? []) expect(packs).not.toContain(pack);
  });
});

it("objects of one kind cannot stand for another", async () => {
  for (const [name, from] of [
    ["roots/x", "hooks/b"],
    ["hooks/x", "roots/b"],
    [avoidName(1), "roots/b"],
    [mapName(1), "hooks/b"],
  ] as const)
    repo.put(name, repo.bytes(from));
  repo.contents.set("x", disk);
  expect(await repo.damaged("x")).toContain("roots/x");
  expect([...(await inspected())].sort()).toEqual([avoidName(1), "hooks/x", mapName(1)]);
});
