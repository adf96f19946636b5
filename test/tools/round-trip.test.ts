/** Does `tools/restore.py`, with nothing but the objects and a recovery code, get back every version that the engine has stored? */
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createObjectFolder } from "../../adapters/local/files/object-folder.ts";
import { makeRecovery } from "../../core/engine/recovery-object.ts";
import { openIo } from "../../local/data-plane/io.ts";
import { rewrite, SUB_BLOCK, type Versions, versions } from "../engine/versions.ts";
import { BLOCK, diskOf, pattern } from "../support/engine-disks.ts";
import { type Python, run } from "../support/python.ts";
import { RESTORE, restorePython } from "./python.ts";

/** Blocks of the disk; a short one follows. Enough of them that a clone meets a hook. */
const BLOCKS = 24;

let tool: Python;
let home = "";
let folder = "";
let code = "";
let repo: Versions;

beforeAll(async () => {
  tool = await restorePython();
  home = await mkdtemp(join(tmpdir(), "holdfast-round-trip-"));
  folder = join(home, "objects");
  await createObjectFolder(folder);
  repo = await versions(openIo({ folder, reserveBytes: 0 }).objects);
  const recovery = makeRecovery(repo.domain, randomBytes);
  code = recovery.code;
  await repo.inside.putIfAbsent(recovery.name, recovery.bytes);
  await fill();
}, 300_000);
afterAll(() => rm(home, { recursive: true, force: true }));
beforeEach(({ skip }) => skip("problem" in tool, "problem" in tool ? tool.problem : undefined));

/** Versions with patches upon patches, a clone, two moves with the old packs deleted, and versions after each. */
async function fill(): Promise<void> {
  const disk = new Uint8Array(BLOCKS * BLOCK + 512);
  disk.set(diskOf(4 * BLOCK, { 0: 1, 1: 3, 2: 4 }));
  for (let block = 4; block < BLOCKS; block++) disk.set(pattern(4096, block), block * BLOCK);
  disk.fill(3, BLOCKS * BLOCK);
  const first = await repo.save("v1", disk);
  rewrite(disk, 0, 1, 5);
  rewrite(disk, 1, 255, 6);
  await repo.save("v2", disk, { parentRoot: "v1", level: 3 });
  rewrite(disk, 0, 6, 8);
  rewrite(disk, 3, 128, 7);
  await repo.save("v3", disk, { parentRoot: "v2" });
  const clone = await repo.save("clone", disk, { level: 3 });
  expect(clone.counts.stored).toBeLessThan(first.counts.stored / 2);
  await move();
  rewrite(disk, 0, 32, 9);
  const patched = await repo.save("v4", disk, { parentRoot: "v3", level: 3 });
  expect(patched.counts.stored).toBeLessThan(SUB_BLOCK + 8 * 1024);
  expect((await repo.entries("v4"))[0]?.places).toHaveLength(4);
  // As a deletion does it: without the intent, the catalog would miss the root.
  await repo.inside.putIfAbsent("intents/v2", Buffer.from("{}"));
  await repo.inside.trash("roots/v2");
  repo.contents.delete("v2");
  await move();
  const grown = new Uint8Array(disk.length + BLOCK);
  grown.set(disk);
  grown.fill(9, grown.length - 100);
  rewrite(grown, 5, 3, 11);
  await repo.save("v5", grown, { parentRoot: "v4" });
  await repo.save("shrunk", disk.slice(0, 2 * BLOCK + 5 * 512), { parentRoot: "v4" });
}

async function move(): Promise<void> {
  const before = await names("packs");
  expect((await repo.compact(1.01)).emptied).toBe(before.length);
  await repo.collectAll();
  for (const name of await names("packs")) expect(before).not.toContain(name);
}

const names = (kind: string) => readdir(join(folder, repo.domain.domainId, kind));

/** Only the code tells the program anything. */
const restorePy = (command: string, ...more: readonly string[]) =>
  run("python" in tool ? tool.python : "", [RESTORE, command, "--objects", folder, ...more], {
    HOLDFAST_RECOVERY_CODE: code.toLowerCase().replaceAll("-", " "),
  });

async function restored(rootId: string): Promise<boolean> {
  const output = join(home, `${rootId}.img`);
  const { code: ended, stderr } = await restorePy("restore", "--root", rootId, "--output", output);
  expect(ended, `${rootId}: ${stderr}`).toBe(0);
  const bytes = await readFile(output);
  await rm(output);
  return bytes.equals(repo.contents.get(rootId) ?? new Uint8Array());
}

test("the repository has what this test is about: frames of both kinds, patches, a map, and no pack from before it", async () => {
  const places = (await Promise.all([...repo.contents.keys()].map((id) => repo.entries(id))))
    .flat()
    .flatMap((slot) => slot?.places ?? []);
  expect(new Set(places.map(({ codec }) => codec))).toEqual(new Set([0, 1]));
  expect(places.some(({ holds }) => holds !== 255)).toBe(true);
  expect(await names("maps")).toContain("0000000002");
});

test("every version is listed, verified and restored byte for byte", { timeout: 300_000 }, async () => {
  const listed = await restorePy("list", "--json");
  const roots = listed.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { root: string; size: number; description: unknown })
    .map(({ root, size, description }) => [root, size, description]);
  const expected = [...repo.contents].map(([id, { length }]) => [id, length, { backup: id, disk: "disk" }]);
  expect(roots.toSorted()).toEqual(expected.toSorted());
  const verified = await restorePy("verify");
  expect(verified.code, verified.stderr).toBe(0);
  for (const rootId of repo.contents.keys()) expect(await restored(rootId), rootId).toBe(true);
});

test("a flipped byte in a root, the map, or any pack makes it refuse, and name the object", {
  timeout: 300_000,
}, async () => {
  const objects = ["roots/v4", "maps/0000000002", ...(await names("packs")).slice(0, 2).map((pack) => `packs/${pack}`)];
  for (const object of objects) {
    const path = join(folder, repo.domain.domainId, object);
    const bytes = await readFile(path);
    const flipped = Buffer.from(bytes);
    flipped[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 4;
    await writeFile(path, flipped);
    const { code: ended, stderr } = await restorePy("verify");
    expect(ended, object).toBe(3);
    expect(stderr).toContain(`damaged: ${repo.domain.domainId}/${object}: `);
    if (!object.startsWith("packs/")) {
      const output = join(home, "refused.img");
      expect(await restorePy("restore", "--root", "v4", "--output", output)).toMatchObject({ code: 3 });
      await expect(stat(output)).rejects.toMatchObject({ code: "ENOENT" });
    }
    await writeFile(path, bytes);
  }
  expect(await restored("v4")).toBe(true);
});

test("a recovery code that is not this repository's opens nothing", { timeout: 60_000 }, async () => {
  const right = code;
  code = makeRecovery(repo.domain, randomBytes).code;
  const { code: ended, stderr } = await restorePy("list");
  code = right;
  expect(ended).toBe(1);
  expect(stderr).toContain("fits none");
});
