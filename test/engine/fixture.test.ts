/** Can this version still read the repository that the first version wrote? It must, for ever. */
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, it } from "vitest";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import type { DataPlane, DomainKeys } from "../../core/ports/data-plane.ts";
import { BLOCK, backUp, LEAF, sha256 } from "../support/engine-disks.ts";
import { createMemoryBlocks } from "../support/memory-blocks.ts";
import { createMemoryObjects } from "../support/memory-objects.ts";
import { FIXTURE_SECRET, type FixtureFacts } from "./fixture-facts.ts";
import { readDisk } from "./second-reader.ts";

const folder = fileURLToPath(new URL("../fixtures/repository-v1", import.meta.url));
const blocks = createMemoryBlocks();
let plane: DataPlane;
let repository: ReadonlyMap<string, Uint8Array>;
let facts: FixtureFacts;
let domain: DomainKeys;

beforeAll(async () => {
  const objects = createMemoryObjects();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) objects.objects.set(relative(folder, path).replaceAll("\\", "/"), await readFile(path));
  }
  repository = objects.objects;
  facts = JSON.parse(await readFile(join(folder, "facts.json"), "utf8")) as FixtureFacts;
  domain = { domainId: facts.domainId, secret: FIXTURE_SECRET };
  plane = createDataPlane({ objects, blocks });
});

it("restores both backups of repository-v1 to the bytes that were backed up", async () => {
  for (const { rootId, size, sha256: expected } of facts.backups) {
    const target = blocks.target("t", new Uint8Array(size), "fresh");
    const endLeaf = Math.ceil(size / LEAF);
    await plane.restore({ domain, rootId, target, firstLeaf: 0, endLeaf, budgetMs: 60_000, readBack: true });
    expect(sha256(blocks.targets.get("t")?.bytes ?? new Uint8Array()), rootId).toBe(expected);
  }
});

it("a second reader that knows docs/format.md alone reads the same bytes from repository-v1", async () => {
  const read = (name: string) => Buffer.from(repository.get(`${domain.domainId}/${name}`) ?? new Uint8Array());
  for (const { rootId, size, sha256: expected } of facts.backups) {
    const disk = await readDisk(read, FIXTURE_SECRET, rootId);
    expect(disk).toMatchObject({ size, description: { backup: rootId } });
    const bytes = new Uint8Array(size);
    for (const [offset, block] of disk.blocks) bytes.set(block, offset);
    expect(sha256(bytes), rootId).toBe(expected);
  }
});

it("verifies repository-v1 as sound and counts the same difference", async () => {
  for (const { rootId, size } of facts.backups) {
    const unit = {
      domain,
      rootId,
      depth: "data",
      firstLeaf: 0,
      endLeaf: Math.ceil(size / LEAF),
      budgetMs: 60_000,
    } as const;
    expect((await plane.verify(unit)).damaged).toEqual([]);
    expect(await plane.root(domain, rootId)).toMatchObject({ size, description: { backup: rootId, disk: "disk" } });
  }
  expect(await plane.difference(domain, "one", "two")).toBe(facts.difference);
});

it("goes on from repository-v1: the next backup refers to what is stored there", async () => {
  const [, last] = facts.backups;
  const target = blocks.target("t", new Uint8Array(last?.size ?? 0), "fresh");
  const range = { firstLeaf: 0, endLeaf: 3, budgetMs: 60_000 };
  await plane.restore({ domain, rootId: "two", target, readBack: false, ...range });
  const disk = blocks.targets.get("t")?.bytes ?? new Uint8Array();
  disk.fill(7, 0, 512);
  const { counts } = await backUp(plane, domain, blocks.snapshot("three", disk), "three", { parentRoot: "two" });
  expect(counts.changed).toBe(BLOCK);
  expect(counts.stored).toBeLessThan(8192);
});
