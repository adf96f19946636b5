/** Is a key ever used twice with the same nonce? Every encryption of several attempts is recorded and compared. */
import type { KeyObject } from "node:crypto";
import { beforeEach, expect, it, vi } from "vitest";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import { StoreFailed } from "../../core/ports/object-store.ts";
import { BLOCK, backUp, diskOf, testDomain } from "../support/engine-disks.ts";
import { createMemoryBlocks } from "../support/memory-blocks.ts";
import { createMemoryObjects } from "../support/memory-objects.ts";

const sealed = vi.hoisted(() => ({ pairs: [] as string[] }));

vi.mock("node:crypto", async (original) => {
  const real = await original<typeof import("node:crypto")>();
  const createCipheriv = (
    algorithm: "aes-256-gcm",
    key: KeyObject,
    nonce: Buffer,
    options: { authTagLength: number },
  ) => {
    sealed.pairs.push(`${key.export().toString("hex")} ${nonce.toString("hex")}`);
    return real.createCipheriv(algorithm, key, nonce, options);
  };
  return { ...real, createCipheriv };
});

beforeEach(() => {
  sealed.pairs.length = 0;
});

const domain = testDomain();

it("two attempts at one unit, one that failed and two seals share no key and nonce", async () => {
  const objects = createMemoryObjects();
  const blocks = createMemoryBlocks();
  const plane = createDataPlane({ objects, blocks });
  // More than one pack of blocks that do not compress, so that packs are closed in the middle too.
  const disk = diskOf(40 * BLOCK, Object.fromEntries(Array.from({ length: 40 }, (_, index) => [index, 2 * index + 1])));
  const snapshot = blocks.snapshot("s", disk);
  const unit = { domain, snapshot, firstLeaf: 0, endLeaf: 1, level: 1, budgetMs: 60_000 };
  await plane.transfer(unit);
  const oneAttempt = sealed.pairs.length;
  objects.before = (operation) => {
    if (operation === "put") throw new StoreFailed("broken, says the test");
  };
  await expect(plane.transfer(unit)).rejects.toBeInstanceOf(StoreFailed);
  objects.before = () => undefined;
  const { results } = await backUp(plane, domain, snapshot, "a");
  await plane.seal({ domain, rootId: "a2", size: disk.length, description: {}, results });
  // 40 blocks, a leaf, and directory and footer of two packs.
  expect(oneAttempt).toBe(45);
  expect(sealed.pairs.length).toBeGreaterThan(2 * oneAttempt);
  expect(new Set(sealed.pairs).size).toBe(sealed.pairs.length);
});

it("equal blocks of two backups are different objects under different names", async () => {
  const objects = createMemoryObjects();
  const blocks = createMemoryBlocks();
  const plane = createDataPlane({ objects, blocks });
  const snapshot = blocks.snapshot("s", diskOf(BLOCK, { 0: 2 }));
  for (const rootId of ["a", "b"]) await backUp(plane, domain, snapshot, rootId);
  const packs = [...objects.objects].filter(([name]) => name.includes("/packs/"));
  expect(packs).toHaveLength(2);
  const salts = packs.map(([, bytes]) => Buffer.from(bytes.subarray(32, 64)).toString("hex"));
  expect(new Set(salts).size).toBe(2);
});
