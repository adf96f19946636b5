/** Is any damage to any object found, named, and never handed out as data? */
import { beforeAll, describe, expect, it } from "vitest";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import { Damaged } from "../../core/ports/data-plane.ts";
import { ObjectMissing } from "../../core/ports/object-store.ts";
import { BLOCK, backUp, diskOf, sha256, testDomain } from "../support/engine-disks.ts";
import { createMemoryBlocks } from "../support/memory-blocks.ts";
import { createMemoryObjects, type MemoryObjects } from "../support/memory-objects.ts";

const domain = testDomain();
const prefix = `${domain.domainId}/`;
const unit = { domain, rootId: "b", firstLeaf: 0, endLeaf: 1, budgetMs: 60_000 };

/** A repository of two backups whose blocks compress to next to nothing, so that every byte of it can be tried. */
async function smallRepository(blocksOfA: Record<number, number>, blocksOfB: Record<number, number>) {
  const objects = createMemoryObjects();
  const blocks = createMemoryBlocks();
  const plane = createDataPlane({ objects, blocks });
  const size = 2 * BLOCK + 512;
  const disk = diskOf(size, blocksOfB);
  await backUp(plane, domain, blocks.snapshot("a", diskOf(size, blocksOfA)), "a");
  await backUp(plane, domain, blocks.snapshot("b", disk), "b", { parentRoot: "a" });
  return { objects, blocks, plane, disk, hash: sha256(disk) };
}

type Repository = Awaited<ReturnType<typeof smallRepository>>;

/** What no restore needs. */
const isExtra = (name: string): boolean => /\/(hooks|catalog)\//.test(name);

/** Verifies both backups of a repository and restores "b": which objects are found damaged, and what comes out. */
async function outcome({ plane, blocks, disk, hash }: Repository, name = "") {
  const found = [];
  // Neither verification nor restore ever looks at hooks or at the catalog.
  if (isExtra(name)) return { damaged: (await plane.inspect(domain)).map(({ object }) => object), restored: "right" };
  for (const rootId of ["a", "b"]) found.push(...(await plane.verify({ ...unit, rootId, depth: "data" })).damaged);
  found.push(...(await plane.inspect(domain)));
  const damaged = [...new Set(found.map(({ object }) => object))];
  const target = blocks.target("t", new Uint8Array(disk.length), "fresh");
  const restored = await plane.restore({ ...unit, target, readBack: false }).then(
    () => (sha256(blocks.targets.get("t")?.bytes ?? new Uint8Array()) === hash ? "right" : "WRONG"),
    (error: unknown) => error,
  );
  return { damaged, restored };
}

/** Runs `check` with the object's bytes replaced, and puts them back. */
async function withBytes(
  objects: MemoryObjects,
  name: string,
  bytes: Uint8Array | undefined,
  check: () => Promise<void>,
) {
  const original = objects.objects.get(name) as Uint8Array;
  if (bytes === undefined) objects.objects.delete(name);
  else objects.objects.set(name, bytes);
  try {
    await check();
  } finally {
    objects.objects.set(name, original);
  }
}

describe("a repository of a few kilobytes", () => {
  let repository: Repository;
  let used: string[];

  beforeAll(async () => {
    repository = await smallRepository({ 0: 2, 1: 4 }, { 0: 2, 1: 6, 2: 8 });
    used = [...repository.objects.objects.keys()];
  });

  it("is small enough and of the objects that this test means to damage", () => {
    expect(used.map((name) => name.split("/")[1]).sort()).toEqual([
      "catalog",
      "catalog",
      "hooks",
      "packs",
      "packs",
      "roots",
      "roots",
    ]);
    expect([...repository.objects.objects.values()].reduce((sum, { length }) => sum + length, 0)).toBeLessThan(9216);
  });

  it("shows any one byte flipped in any object, names the object, and never gives wrong bytes", {
    timeout: 300_000,
  }, async () => {
    const { objects } = repository;
    for (const name of used) {
      const bytes = objects.objects.get(name) as Uint8Array;
      for (let at = 0; at < bytes.length; at++) {
        const flipped = Uint8Array.from(bytes);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
        await withBytes(objects, name, flipped, async () => {
          const { damaged, restored } = await outcome(repository, name);
          const where = `byte ${at} of ${name}`;
          expect(
            damaged.map((object) => prefix + object),
            where,
          ).toEqual([name]);
          // A byte that this restore does not need (a directory) may leave the result right; nothing may make it wrong.
          if (restored !== "right")
            expect(restored, where).toMatchObject({ name: "Damaged", object: name.slice(prefix.length) });
        });
      }
    }
  });

  it("shows an object cut at any length, lengthened, or gone", { timeout: 300_000 }, async () => {
    const { objects } = repository;
    for (const name of used) {
      const bytes = objects.objects.get(name) as Uint8Array;
      const lengths = Array.from({ length: bytes.length }, (_, length) => length).filter(
        (length) => length % 7 === 0 || length > bytes.length - 50,
      );
      const versions = [
        undefined,
        Buffer.concat([bytes, Buffer.alloc(1)]),
        ...lengths.map((length) => bytes.slice(0, length)),
      ];
      for (const version of versions) {
        await withBytes(objects, name, version, async () => {
          const { damaged, restored } = await outcome(repository, name);
          const where = `${name} with ${version?.length} bytes`;
          // Hooks and entries that are not there are no damage: nothing relies on them while the roots stand.
          const found = damaged.map((object) => prefix + object);
          expect(found, where).toEqual(version === undefined && isExtra(name) ? [] : [name]);
          const missing = name === `${prefix}roots/b` ? ObjectMissing : Damaged;
          if (version === undefined && restored !== "right") expect(restored).toBeInstanceOf(missing);
          else if (restored !== "right") expect(restored, where).toBeInstanceOf(Damaged);
        });
      }
    }
  });

  it("shows packs that changed places, and a root under another root's name", async () => {
    const { objects } = repository;
    const [one = "", two = ""] = used.filter((name) => name.includes("/packs/"));
    const [first, second] = [objects.objects.get(one) as Uint8Array, objects.objects.get(two) as Uint8Array];
    objects.objects.set(one, second);
    objects.objects.set(two, first);
    const swapped = await outcome(repository);
    expect(swapped.damaged.map((object) => prefix + object).sort()).toEqual([one, two].sort());
    expect(swapped.restored).toBeInstanceOf(Damaged);
    objects.objects.set(one, first);
    objects.objects.set(two, second);
    await withBytes(objects, `${prefix}roots/b`, objects.objects.get(`${prefix}roots/a`), async () => {
      const { damaged, restored } = await outcome(repository);
      expect(damaged).toEqual(["roots/b"]);
      expect(restored).toMatchObject({ object: "roots/b" });
    });
  });

  it("tells by presence alone that packs are gone, cut or have another end", async () => {
    const { objects, plane } = repository;
    const presence = async () =>
      (await plane.verify({ ...unit, depth: "presence" })).damaged.map(({ object }) => object);
    expect(await presence()).toEqual([]);
    for (const name of used.filter((object) => object.includes("/packs/"))) {
      const bytes = objects.objects.get(name) as Uint8Array;
      const footer = Uint8Array.from(bytes);
      footer[bytes.length - 1] = (footer[bytes.length - 1] ?? 0) ^ 1;
      for (const version of [undefined, bytes.slice(0, -1), footer])
        await withBytes(objects, name, version, async () =>
          expect(await presence()).toEqual([name.slice(prefix.length)]),
        );
    }
  });

  it("cannot be read with another secret", async () => {
    const stranger = { domainId: domain.domainId, secret: testDomain(2).secret };
    const { damaged } = await repository.plane.verify({ ...unit, domain: stranger, depth: "data" });
    expect(damaged.map(({ object }) => object)).toEqual(["roots/b"]);
  });
});

it("shows two frames of equal length that changed places within a pack", async () => {
  const repository = await smallRepository({}, { 0: 1, 1: 3 });
  const { objects } = repository;
  const name = [...objects.objects.keys()].find((object) => object.includes("/packs/")) ?? "";
  const bytes = Buffer.from(objects.objects.get(name) as Uint8Array);
  // Incompressible blocks are raw frames: header, then two times 512 KiB and a tag.
  const frame = BLOCK + 16;
  const swapped = Buffer.concat([
    bytes.subarray(0, 64),
    bytes.subarray(64 + frame, 64 + 2 * frame),
    bytes.subarray(64, 64 + frame),
    bytes.subarray(64 + 2 * frame),
  ]);
  await withBytes(objects, name, swapped, async () => {
    const { damaged, restored } = await outcome(repository);
    expect(damaged.map((object) => prefix + object)).toEqual([name]);
    expect(restored).toMatchObject({
      object: name.slice(prefix.length),
      message: expect.stringContaining("does not authenticate"),
    });
  });
});
