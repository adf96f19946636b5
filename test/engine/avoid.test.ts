/** Do new backups stay away from what is avoided, and is an avoid-set or map that is not the true one found out? */
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { type Avoided, avoidName, readAvoidSet, writeAvoidSet } from "../../core/engine/avoid-set.ts";
import { openDomain } from "../../core/engine/domain-crypto.ts";
import { mapName, type Relocations, readRelocations, writeRelocations } from "../../core/engine/relocations.ts";
import { SealRefused } from "../../core/ports/data-plane.ts";
import { BLOCK, diskOf, testDomain } from "../support/engine-disks.ts";
import { createMemoryObjects } from "../support/memory-objects.ts";
import { rewrite, type Versions, versions } from "./versions.ts";

const crypto = await openDomain(testDomain());
const packId = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((id) => Buffer.from(id).toString("hex"));
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const epoch = fc.integer({ min: 1, max: 4_000_000_000 });
const flags = fc
  .record({ condemned: fc.boolean(), quarantined: fc.boolean(), doomed: fc.boolean() })
  .filter(({ condemned, quarantined, doomed }) => condemned || quarantined || doomed);
const avoided: fc.Arbitrary<Avoided> = fc
  .tuple(flags, u32, fc.maxSafeNat())
  .map(([why, since, at]) => ({ ...why, since, at }));
const packs = fc.array(fc.tuple(packId, avoided), { maxLength: 12 }).map((list) => new Map(list));

const target = fc.record({
  pack: packId,
  size: u32,
  frames: fc.integer({ min: 1, max: 4096 }),
  tag: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((tag) => Buffer.from(tag)),
});
const map: fc.Arbitrary<Relocations> = fc
  .uniqueArray(target, { minLength: 1, maxLength: 5, selector: ({ pack }) => pack })
  .chain((targets) => {
    const place = fc
      .constantFrom(...targets)
      .chain(({ pack, frames }) =>
        fc.record({ pack: fc.constant(pack), frame: fc.integer({ min: 0, max: frames - 1 }), offset: u32 }),
      );
    const moves = fc
      .array(fc.tuple(fc.integer({ min: 0, max: 4095 }), place), { minLength: 1, maxLength: 10 })
      .map((list) => new Map(list));
    const moved = fc.array(fc.tuple(packId, moves), { maxLength: 6 }).map((list) => new Map(list));
    return fc.record({
      epoch,
      targets: fc.constant(new Map(targets.map((each) => [each.pack, each]))),
      moved,
      unreadable: fc.constant(false),
    });
  });

describe("avoid-sets and maps", () => {
  it("read back as they were written, and the newest one counts", async () => {
    await fc.assert(
      fc.asyncProperty(packs, packs, epoch, async (older, newer, at) => {
        const objects = createMemoryObjects();
        await writeAvoidSet(objects, crypto, { epoch: at, packs: older });
        expect(await readAvoidSet(objects, crypto)).toEqual({ epoch: at, packs: older, unreadable: false });
        await writeAvoidSet(objects, crypto, { epoch: at + 1, packs: newer });
        expect((await readAvoidSet(objects, crypto)).packs).toEqual(newer);
      }),
      { numRuns: 50 },
    );
    await fc.assert(
      fc.asyncProperty(map, async (written) => {
        const objects = createMemoryObjects();
        expect(await writeRelocations(objects, crypto, written)).toBe("created");
        expect(await writeRelocations(objects, crypto, written)).toBe("exists");
        expect(await readRelocations(objects, crypto)).toEqual(written);
      }),
      { numRuns: 100 },
    );
  });

  /** An object of each kind, and its name. */
  async function both() {
    const objects = createMemoryObjects();
    const why = { condemned: true, quarantined: false, doomed: false, since: 3, at: 9 };
    const pack = "ab".repeat(16);
    await writeAvoidSet(objects, crypto, { epoch: 3, packs: new Map([[pack, why]]) });
    const to = { pack: "cd".repeat(16), size: 100, frames: 3, tag: Buffer.alloc(16, 1) };
    const moved = new Map([[pack, new Map([[1, { pack: to.pack, frame: 2, offset: 64 }]])]]);
    await writeRelocations(objects, crypto, { epoch: 3, targets: new Map([[to.pack, to]]), moved });
    const read = {
      avoid: () => readAvoidSet(objects, crypto),
      map: () => readRelocations(objects, crypto),
    };
    return { objects, kinds: [["avoid", avoidName] as const, ["map", mapName] as const], read };
  }

  it("of which any byte is wrong, missing or too many cannot be read: that is said, and nothing else of them", async () => {
    const { objects, kinds, read } = await both();
    for (const [kind, nameOf] of kinds) {
      const name = nameOf(3);
      const good = objects.objects.get(name) as Uint8Array;
      const bad: Uint8Array[] = [Buffer.concat([good, Buffer.alloc(1)]), Buffer.concat([good, good])];
      for (let at = 0; at < good.length; at++) {
        bad.push(good.slice(0, at));
        const flipped = Uint8Array.from(good);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
        bad.push(flipped);
      }
      for (const bytes of bad) {
        objects.objects.set(name, bytes);
        expect(await read[kind]()).toMatchObject({ epoch: 3, unreadable: true });
      }
      objects.objects.set(name, good);
      expect(await read[kind]()).toMatchObject({ epoch: 3, unreadable: false });
    }
  });

  it("of another epoch, domain or kind are refused under this name", async () => {
    const { objects, kinds, read } = await both();
    const stranger = createMemoryObjects();
    await writeAvoidSet(stranger, await openDomain(testDomain(2)), { epoch: 4, packs: new Map() });
    for (const [kind, nameOf] of kinds) {
      const others = [
        objects.objects.get(nameOf(3)),
        objects.objects.get(kind === "map" ? avoidName(3) : mapName(3)),
        stranger.objects.get(avoidName(4)),
      ];
      for (const bytes of others) {
        objects.objects.set(nameOf(4), bytes as Uint8Array);
        expect(await read[kind]()).toMatchObject({ epoch: 4, unreadable: true });
      }
    }
  });
});

describe("a backup", () => {
  let repo: Versions;
  let disk: Uint8Array;
  beforeEach(async () => {
    repo = await versions();
    disk = diskOf(3 * BLOCK + 512, { 0: 1, 1: 3, 2: 4, 3: 5 });
    await repo.save("a", disk);
  });
  const packsOf = async (rootId: string) =>
    new Set((await repo.entries(rootId)).flatMap((slot) => slot?.places.map(({ pack }) => pack) ?? []));
  const avoid = (why: Partial<Avoided>, ...ids: readonly string[]) => {
    const each = { condemned: false, quarantined: false, doomed: false, since: 1, at: 0, ...why };
    return writeAvoidSet(repo.inside, repo.crypto, { epoch: 1, packs: new Map(ids.map((id) => [id, each])) });
  };

  it.each([{ condemned: true }, { quarantined: true }, { doomed: true }])(
    "refers to nothing that is avoided (%o): what did not change counts as that, and is stored again",
    async (why) => {
      const [old = ""] = await packsOf("a");
      await avoid(why, old);
      rewrite(disk, 1, 1, 9);
      const { counts, results } = await repo.save("b", disk, { parentRoot: "a", hints: "ssss" });
      expect(counts).toMatchObject({ read: 3 * BLOCK + 512, nonZero: 3 * BLOCK + 512, changed: BLOCK });
      expect(counts.stored).toBeGreaterThan(2 * BLOCK);
      expect(await packsOf("b")).not.toContain(old);
      for (const result of results) expect(await repo.plane.avoided(repo.domain, result)).toEqual([]);
      repo.put(`packs/${old}`, undefined);
      expect(await repo.restored("b")).toBe("right");
      expect(await repo.damaged("b")).toEqual([]);
    },
  );

  it("whose parent has its leaf in an avoided pack still learns from it what did not change, and writes the leaf again", async () => {
    rewrite(disk, 0, 1, 9);
    await repo.save("b", disk, { parentRoot: "a" });
    const [first] = (await repo.entries("b"))[0]?.places ?? [];
    // This pack holds the leaf of "b" and one sub-block.
    await avoid({ quarantined: true }, first?.pack ?? "");
    rewrite(disk, 0, 255, 11);
    const { counts } = await repo.save("c", disk, { parentRoot: "b" });
    expect(counts.changed).toBe(BLOCK);
    expect(counts.stored).toBeLessThan(2 * BLOCK);
    expect(await repo.restored("c")).toBe("right");
    expect(await packsOf("c")).not.toContain(first?.pack);
  });

  it("is told exactly which packs of its result are avoided since, by where the frames are now", async () => {
    rewrite(disk, 1, 255, 9);
    const { results } = await repo.save("b", disk, { parentRoot: "a" });
    const [result] = results as [Uint8Array];
    const [old = ""] = await packsOf("a");
    const own = [...(await packsOf("b"))].filter((pack) => pack !== old);
    const asked = () => repo.plane.avoided(repo.domain, result);
    expect(await asked()).toEqual([]);
    await avoid({ condemned: true }, old, "ee".repeat(16));
    expect(await asked()).toEqual([old]);
    repo.put(avoidName(1), undefined);
    await avoid({ condemned: true }, ...own);
    expect(await asked()).toEqual(own);
    repo.put(avoidName(1), undefined);
    // All frames move: the old pack does not matter any more, the new ones do.
    await repo.compact(1.01);
    const now = await packsOf("b");
    expect(now).not.toContain(old);
    await avoid({ condemned: true }, old, ...own);
    expect(await asked()).toEqual([]);
    repo.put(avoidName(1), undefined);
    await avoid({ condemned: true }, ...now);
    expect([...(await asked())].sort()).toEqual([...now].sort());
  });

  it("is refused at its seal when one of its packs was condemned meanwhile, own or not", async () => {
    rewrite(disk, 1, 255, 9);
    const snapshot = repo.capture("b", disk);
    const unit = { domain: repo.domain, snapshot, firstLeaf: 0, endLeaf: 1, level: 1, budgetMs: 60_000 };
    const { payload } = await repo.plane.transfer({ ...unit, parentRoot: "a" });
    const request = {
      domain: repo.domain,
      size: disk.length,
      description: { backup: "b" },
      parentRoot: "a",
      results: [payload],
    };
    const all = repo.names("packs/").map((name) => name.slice("packs/".length));
    expect(all).toHaveLength(2);
    for (const [index, pack] of all.entries()) {
      await avoid({ condemned: true }, pack);
      await expect(repo.plane.seal({ ...request, rootId: `b${index}` })).rejects.toThrow(SealRefused);
      expect(repo.names("hooks/")).toEqual(["hooks/a"]);
      repo.put(avoidName(1), undefined);
    }
    await repo.plane.seal({ ...request, rootId: "b" });
    expect(await repo.restored("b")).toBe("right");
  });

  it("beside an unreadable avoid-set stores everything anew, and is sound", async () => {
    await avoid({ quarantined: true }, "ee".repeat(16));
    repo.flip(avoidName(1), 60);
    const before = await packsOf("a");
    const { counts, results } = await repo.save("b", disk, { parentRoot: "a" });
    expect(counts.changed).toBe(0);
    expect(counts.stored).toBeGreaterThan(2 * BLOCK);
    for (const pack of await packsOf("b")) expect(before).not.toContain(pack);
    expect(await repo.plane.avoided(repo.domain, results[0] as Uint8Array)).toEqual([]);
    expect((await repo.plane.inspect(repo.domain)).map(({ object }) => object)).toEqual([avoidName(1)]);
    for (const rootId of ["a", "b"]) {
      expect(await repo.restored(rootId)).toBe("right");
      expect(await repo.damaged(rootId)).toEqual([]);
    }
  });
});
