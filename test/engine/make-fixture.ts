/**
 * Writes the repository that every later version must be able to read: test/fixtures/repository-v1.
 *
 *   node test/engine/make-fixture.ts
 *
 * Run once per format version, never again: the fixture proves nothing when it is made by the version that reads it.
 * It holds two backups of one disk of three leaves with an odd size (the second one longer), in five packs and two roots.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import { BLOCK, backUp, diskOf, LEAF, sha256 } from "../support/engine-disks.ts";
import { createMemoryBlocks } from "../support/memory-blocks.ts";
import { createMemoryObjects } from "../support/memory-objects.ts";
import { FIXTURE_SECRET, type FixtureFacts } from "./fixture-facts.ts";

const folder = join(dirname(fileURLToPath(import.meta.url)), "../fixtures/repository-v1");
const domain = { domainId: "fixture", secret: FIXTURE_SECRET };
const objects = createMemoryObjects();
const blocks = createMemoryBlocks();
const plane = createDataPlane({ objects, blocks });

// Odd seeds do not compress and are stored raw, even ones compress well. Equal seeds are equal blocks: stored once.
const first = { 0: 2, 1: 1, 2: 2, 1023: 4, 1024: 6, 1030: 2, 2048: 8, 2050: 3 };
const second = { ...first, 1: 10, 5: 12, 1024: 14, 2050: 3, 2051: 16 };
const one = diskOf(2 * LEAF + 2 * BLOCK + 3 * 512, first);
const two = diskOf(2 * LEAF + 3 * BLOCK + 5 * 512, second);

await backUp(plane, domain, blocks.snapshot("one", one), "one", { leavesPerUnit: 2 });
await backUp(plane, domain, blocks.snapshot("two", two), "two", { leavesPerUnit: 1, parentRoot: "one" });

for (const [name, bytes] of objects.objects) {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), bytes);
}
const facts: FixtureFacts = {
  domainId: domain.domainId,
  backups: [
    { rootId: "one", size: one.length, sha256: sha256(one) },
    { rootId: "two", size: two.length, sha256: sha256(two) },
  ],
  difference: await plane.difference(domain, "one", "two"),
};
await writeFile(join(folder, "facts.json"), `${JSON.stringify(facts, null, 2)}\n`);
