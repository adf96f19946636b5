/** What compaction promises: everything restores, little garbage stays, and whoever comes second gives up. */
import { beforeEach, describe, expect, test } from "vitest";
import { MARK_RULES } from "../../core/engine/collect/mark.ts";
import { mapAfter } from "../../core/engine/collect/new-map.ts";
import { NOTHING_MOVED, readRelocations } from "../../core/engine/relocations.ts";
import { DAY, type SmallRepository, smallRepository } from "./small-repository.ts";

let repo: SmallRepository;
beforeEach(async () => {
  repo = await smallRepository(40);
});

/** Blocks 0 to 31 with odd seeds, which do not compress: one pack of 16 MiB. */
const full = Object.fromEntries(Array.from({ length: 31 }, (_, n) => [n, 2 * n + 1]));
const changed = { ...Object.fromEntries(Array.from({ length: 31 }, (_, n) => [n, 2 * n + 101])), 0: 1, 1: 3, 2: 5 };
const bytes = () =>
  repo
    .packs()
    .reduce((sum, pack) => sum + (repo.objects.objects.get(`${repo.domain.domainId}/packs/${pack}`)?.length ?? 0), 0);

/** A pack of which three blocks of 31 are live. */
async function mostlyDead(): Promise<void> {
  await repo.save("a", full);
  await repo.save("b", changed, "a");
  await repo.drop("a");
}

describe("compaction", () => {
  test("empties packs that are mostly dead; the backup restores, and the old pack goes by the ordinary way", async () => {
    await mostlyDead();
    const [old = ""] = repo.packs();
    const before = bytes();
    const plan = await repo.compact({ dryRun: true });
    expect(plan.candidates).toMatchObject([{ pack: old, move: true }]);
    expect(repo.names("maps")).toEqual([]);

    const report = await repo.compact();
    expect(report).toMatchObject({ emptied: 1, frames: 3, mapEpoch: 1, left: 0, damaged: [] });
    expect(report.written).toBeLessThan(4 * 512 * 1024);
    expect(await repo.restored("b")).toBe(true);
    expect(repo.runs.running.size).toBe(0);

    await repo.collectAll();
    expect(repo.packs()).not.toContain(old);
    expect(bytes()).toBeLessThan(before * 0.6);
    expect(await repo.restored("b")).toBe(true);
    const verified = await repo.plane.verify({
      domain: repo.domain,
      rootId: "b",
      firstLeaf: 0,
      endLeaf: 1,
      depth: "data",
      budgetMs: 60_000,
    });
    expect(verified.damaged).toEqual([]);
  });

  test("moves what was moved before once more, and the next backup still finds it: nothing is stored twice", async () => {
    await mostlyDead();
    await repo.compact();
    await repo.collectAll();
    const { counts } = await repo.save("c", { ...changed, 3: 207 }, "b");
    expect(counts.stored).toBeLessThan(3 * 512 * 1024);
    await repo.drop("b");
    // Everything is below this share: the new packs are emptied as well, chains collapse.
    const report = await repo.compact({ below: 1.01 });
    expect(report.emptied).toBeGreaterThan(1);
    await repo.collectAll();
    expect(await repo.restored("c")).toBe(true);
    const map = await readRelocations(repo.inside, repo.crypto);
    const targets = new Set(repo.packs());
    for (const frames of map.moved.values())
      for (const to of frames.values()) if (map.targets.has(to.pack)) expect(map.targets.has(to.pack)).toBe(true);
    expect([...map.targets.keys()].some((pack) => targets.has(pack))).toBe(true);
  });

  test("would lose what it moved if marks did not look into the map", async () => {
    await mostlyDead();
    await repo.compact();
    const blind = { ...MARK_RULES, through: () => NOTHING_MOVED };
    for (let day = 0; day < 4; day++) {
      await repo.collect({}, blind);
      await repo.collect({ step: "trash" });
      repo.clock.now += DAY;
    }
    await expect(repo.restored("b")).rejects.toThrow();
  });

  test("moves nothing when nothing is mostly dead, and stops within its budget", async () => {
    await repo.save("a", full);
    expect(await repo.compact()).toMatchObject({ candidates: [], emptied: 0, frames: 0, written: 0 });
    expect(repo.names("maps")).toEqual([]);
    await repo.save("b", changed, "a");
    const first = await repo.compact({ below: 1.01, budgetBytes: 1 });
    expect(first).toMatchObject({ emptied: 1, left: first.candidates.length - 1 });
    expect(await repo.restored("a")).toBe(true);
    expect(await repo.restored("b")).toBe(true);
  });

  test("leaves a damaged pack as it is and names it", async () => {
    await mostlyDead();
    const [old = ""] = repo.packs();
    const name = `${repo.domain.domainId}/packs/${old}`;
    const stored = repo.objects.objects.get(name) ?? new Uint8Array(0);
    repo.objects.objects.set(
      name,
      stored.map((byte, at) => (at === 1000 ? byte ^ 1 : byte)),
    );
    const report = await repo.compact();
    expect(report).toMatchObject({ emptied: 0, frames: 0, written: 0 });
    expect(report.damaged).toEqual([{ object: `packs/${old}`, reason: expect.stringContaining("authenticate") }]);
    expect(repo.names("maps")).toEqual([]);
  });

  test("of a sleeper is shut out by the next collection: its map comes too late and its packs are garbage", async () => {
    await mostlyDead();
    let asleep = true;
    repo.runs.before = async (question) => {
      if (question !== "publishMove" || !asleep) return;
      asleep = false;
      await repo.collect();
    };
    const report = await repo.compact();
    expect(report).toMatchObject({ emptied: 0, held: expect.any(String) });
    const map = await readRelocations(repo.inside, repo.crypto);
    expect(map).toMatchObject({ epoch: 1, moved: new Map() });
    repo.runs.before = () => undefined;
    await repo.collectAll();
    expect(await repo.restored("b")).toBe(true);
    // Empty map, the old pack still there, the sleeper's gone.
    expect(repo.packs()).toHaveLength(2 + 0);
  });

  test("that dies before its map is out leaves garbage only, and dies after it without harm", async () => {
    for (const [question, moved] of [
      ["publishMove", 0],
      ["closeMove", 1],
    ] as const) {
      repo = await smallRepository(40);
      await mostlyDead();
      repo.runs.before = (asked) => {
        if (asked === question || asked === "closeMove") throw new Error("killed");
      };
      await expect(repo.compact()).rejects.toThrow("killed");
      expect(repo.runs.running.size).toBe(1);
      repo.runs.before = () => undefined;
      await repo.collectAll();
      expect(repo.runs.running.size).toBe(0);
      expect((await readRelocations(repo.inside, repo.crypto)).moved.size).toBe(moved);
      expect(await repo.restored("b")).toBe(true);
    }
  });

  test("keeps references that were made to the old places meanwhile", async () => {
    await mostlyDead();
    let during = true;
    repo.runs.before = async (question) => {
      if (question !== "publishMove" || !during) return;
      during = false;
      await repo.save("c", { 0: 1, 1: 3, 2: 5, 3: 7 }, "b");
    };
    await repo.compact();
    repo.runs.before = () => undefined;
    await repo.drop("b");
    await repo.collectAll();
    expect(await repo.restored("c")).toBe(true);
  });
});

describe("the map after a move", () => {
  const tag = Buffer.alloc(16);
  const written = (pack: string) => ({ pack, size: 10, frames: 4, tag });
  const place = (pack: string, frame: number) => ({ pack, frame, offset: 64 });
  const map = {
    ...NOTHING_MOVED,
    epoch: 3,
    targets: new Map([
      ["n1", written("n1")],
      ["n2", written("n2")],
    ]),
    moved: new Map([
      [
        "o1",
        new Map([
          [0, place("n1", 0)],
          [1, place("n1", 1)],
          [2, place("n2", 0)],
        ]),
      ],
    ]),
  };

  test("collapses chains, keeps what did not move, and leaves out what leads into packs that are gone", () => {
    const moves = new Map([["n1", new Map([[0, place("n3", 5)]])]]);
    const after = mapAfter(map, moves, [written("n3")], new Set(["n2"]));
    expect(after.epoch).toBe(4);
    expect(after.moved).toEqual(
      new Map([
        [
          "o1",
          new Map([
            [0, place("n3", 5)],
            [1, place("n1", 1)],
          ]),
        ],
        ["n1", new Map([[0, place("n3", 5)]])],
      ]),
    );
    expect([...after.targets.keys()].sort()).toEqual(["n1", "n3"]);
  });
});
