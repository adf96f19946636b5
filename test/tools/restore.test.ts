/** Does `tools/restore.py`, written from docs/format.md alone, read our repositories and refuse what is damaged? */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { cp, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Python, run } from "../support/python.ts";
import { PYTHON_TESTS, RESTORE, restorePython } from "./python.ts";

const FIXTURE = fileURLToPath(new URL("../fixtures/repository-v1", import.meta.url));
const PACK = "fixture/packs/844d95fea81ea71d513e5223197c8142";

interface Facts {
  readonly backups: readonly { readonly rootId: string; readonly size: number; readonly sha256: string }[];
}

let tool: Python;
let folder = "";
let secret = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-restore-"));
  secret = join(folder, "secret");
  await writeFile(
    secret,
    Uint8Array.from({ length: 32 }, (_, index) => index),
  );
  tool = await restorePython();
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(({ skip }) => skip("problem" in tool, "problem" in tool ? tool.problem : undefined));

const python = (...args: readonly string[]) => run("python" in tool ? tool.python : "", args);
const restorePy = (command: string, objects: string, ...more: readonly string[]) =>
  python(RESTORE, command, "--objects", objects, "--secret-file", secret, ...more);

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path, { highWaterMark: 4 * 1024 * 1024 })) hash.update(part);
  return hash.digest("hex");
}

test("its own Python tests pass", { timeout: 300_000 }, async () => {
  const { code, stderr } = await python("-m", "unittest", "discover", "-s", PYTHON_TESTS);
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/Ran [1-9]\d+ tests/);
});

test("both disks of the first repository come back byte for byte, and sparse", { timeout: 120_000 }, async () => {
  const facts = JSON.parse(await readFile(join(FIXTURE, "facts.json"), "utf8")) as Facts;
  for (const { rootId, size, sha256: wanted } of facts.backups) {
    const output = join(folder, `${rootId}.img`);
    const { code, stderr } = await restorePy("restore", FIXTURE, "--root", rootId, "--output", output);
    expect(code, stderr).toBe(0);
    const { size: got, blocks } = await stat(output);
    expect(got).toBe(size);
    expect(blocks * 512).toBeLessThan(size / 8);
    expect(await sha256(output)).toBe(wanted);
  }
});

test("the first repository is listed and found good", async () => {
  const listed = await restorePy("list", FIXTURE, "--json");
  const roots = listed.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { domain: string; root: string; size: number });
  expect(roots.map(({ domain, root, size }) => [domain, root, size])).toEqual([
    ["fixture", "one", 1_074_791_936],
    ["fixture", "two", 1_075_317_248],
  ]);
  expect(await restorePy("verify", FIXTURE)).toMatchObject({ code: 0 });
});

test("a flipped bit in a pack of the first repository is named, and nothing is written", async () => {
  const objects = join(folder, "flipped");
  await cp(FIXTURE, objects, { recursive: true });
  const bytes = await readFile(join(objects, PACK));
  bytes[1_000] = (bytes[1_000] ?? 0) ^ 1;
  await writeFile(join(objects, PACK), bytes);
  const output = join(folder, "flipped.img");
  const { code, stderr } = await restorePy("restore", objects, "--root", "one", "--output", output);
  expect(code).toBe(3);
  expect(stderr).toContain(`damaged: ${PACK}: `);
  await expect(stat(output)).rejects.toMatchObject({ code: "ENOENT" });
  expect(await restorePy("verify", objects)).toMatchObject({ code: 3 });
});
