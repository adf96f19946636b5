/** Does `holdfast store` do what its words promise, as a user meets it: a process, its streams and its exit code? */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { runCli, startCli } from "./support/run-cli.ts";

const cache = mkdtempSync(join(tmpdir(), "holdfast-compiled-"));
let root: string;
let store: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "holdfast-store-cli-"));
  store = join(root, "store");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

const env = (): Record<string, string> => ({
  XDG_CONFIG_HOME: join(root, "config"),
  HOLDFAST_STORE: store,
  NODE_COMPILE_CACHE: cache,
});
const run = (...args: string[]) => runCli(["store", ...args], { env: env(), cwd: root });
const start = (...args: string[]) => startCli(["store", ...args], { env: env(), cwd: root });
async function json(...args: string[]) {
  const { code, stdout, stderr } = await run(...args, "--json");
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}
const ids = async (): Promise<string[]> => (await json("list")).map(({ id }: { id: string }) => id);
function image(name: string, size: number, blocks: Readonly<Record<number, number>>): string {
  const path = join(root, name);
  writeFileSync(path, diskOf(size, blocks));
  return path;
}
/** A disk that takes some seconds to read, and no room. */
function slowImage(): string {
  const path = image("slow.img", BLOCK, { 0: 1 });
  truncateSync(path, 24 * 1024 ** 3);
  return path;
}
const runs = (): string[] => readdirSync(join(store, "runs"));

describe("the way of a backup", () => {
  test("init, backup, list, show, restore, verify, delete, gc, compact, stat, keys: one JSON value each on standard output", async () => {
    const made = await json("init");
    expect(made).toEqual({
      id: expect.stringMatching(/^s-[0-9a-z]{16}$/),
      store,
      key_file: join(root, "config/holdfast/keys", `${made.id}.key`),
      recovery_code: expect.stringMatching(/^(?:[0-9A-Z]{6}-){5}[0-9A-Z]{6}$/),
    });
    expect(await json("list")).toEqual([]);
    const size = 6 * BLOCK;
    const source = image("a.img", size, { 0: 1, 3: 2 });
    const first = await json("backup", "a.img", "--name", "web", "--workers", "1");
    expect(first).toMatchObject({ name: "web", parent: null, size, read: size, changed: 2 * BLOCK });
    expect(first.stored).toBeGreaterThan(BLOCK);
    expect(first.seconds).toBeGreaterThan(0);
    writeFileSync(join(root, "changed"), "5\n");
    image("a.img", size, { 0: 1, 3: 2, 5: 3 });
    const second = await json("backup", source, "--name", "web", "--changed", "changed");
    expect(second).toMatchObject({ parent: first.id, changed: BLOCK });
    expect(await json("list")).toEqual([
      { id: first.id, name: "web", source, created_at: expect.any(String), size, stored: first.stored },
      { id: second.id, name: "web", source, created_at: expect.any(String), size, stored: second.stored },
    ]);
    expect(await json("show", "web@latest")).toMatchObject({ id: second.id, parent: first.id, non_zero: 3 * BLOCK });
    expect(await json("restore", second.id, "out.img", "--read-back")).toMatchObject({ id: second.id, size });
    expect(readFileSync(join(root, "out.img")).equals(readFileSync(source))).toBe(true);
    expect(await json("verify")).toMatchObject({ backups: 2, checked: 2 * size, damaged: [] });
    expect(await json("stat")).toMatchObject({ id: made.id, backups: 2, logical: 2 * size });
    expect(await json("keys")).toMatchObject({
      key_file: made.key_file,
      objects: [{ damaged: null }, { damaged: null }],
    });
    const { recovery_code } = await json("keys", "recovery");
    rmSync(made.key_file);
    for (const code of [made.recovery_code, recovery_code])
      expect(await json("list", "--recovery-code", code)).toHaveLength(2);
    expect(await json("delete", first.id, "--recovery-code", recovery_code)).toEqual([
      { id: first.id, deleted: true, read_by: null },
    ]);
    const later = { ...env(), HOLDFAST_CLOCK_OFFSET_MS: String(2 * 24 * 3600 * 1000) };
    const gc = await runCli(["store", "gc", "--json", "--recovery-code", recovery_code], { env: later });
    expect(JSON.parse(gc.stdout)).toMatchObject({ dry_run: false, totals: { keep: { packs: expect.any(Number) } } });
    expect(await json("compact", "--dry-run", "--recovery-code", recovery_code)).toMatchObject({ dry_run: true });
  }, 90_000);

  test("without --json is told in words, and standard output is the disk when the target is -", async () => {
    expect((await run("init")).stdout).toMatch(/recovery code {2}\S{6}-/);
    expect((await run("list")).stdout).toBe("no backups yet\n");
    const source = image("a.img", 2 * BLOCK, { 0: 1 });
    expect((await run("backup", source)).stdout).toMatch(/^\S{12} {2}1 MiB, read 1 MiB, changed 512 KiB, stored /);
    expect((await run("list")).stdout).toContain(source);
    expect((await run("verify", "--quick")).stdout).toContain("everything is as it was written");
    const restored = startCli(["store", "restore", "latest", "-"], { env: env() });
    const parts: Buffer[] = [];
    restored.child.stdout
      ?.removeAllListeners("data")
      .setEncoding("latin1")
      .on("data", (part: string) => parts.push(Buffer.from(part, "latin1")));
    expect(await restored.ended).toMatchObject({ code: 0, stderr: "" });
    expect(Buffer.concat(parts).equals(readFileSync(source))).toBe(true);
  }, 60_000);

  test("tells its progress as events, one a line, the last one at the end", async () => {
    await run("init");
    const { code, stderr } = await run("backup", image("a.img", 4 * BLOCK, { 1: 1 }), "--json");
    expect(code).toBe(0);
    const events = stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.at(-1)).toEqual({ event: "progress", done: 4 * BLOCK, total: 4 * BLOCK, rate: expect.any(Number) });
  });
});

describe("what is wrong is said in one line, with its exit code", () => {
  test.each([
    [["list"], 1, "does not exist: make a store there"],
    [["list", "--store", ""], 2, "must not be empty"],
    [["backup"], 2, "missing required argument 'source'"],
    [["backup", "x", "--level", "20"], 2, "a whole number from 1 to 19"],
    [["backup", "x", "--workers", "0"], 2, "a whole number from 1 to"],
    [["restore", "x"], 2, "missing required argument 'target'"],
    [["list", "--frobnicate"], 2, "unknown option '--frobnicate'"],
    [["keys", "frobnicate"], 2, '"keys frobnicate" is not known'],
  ])("%j: %i", async (args, code, words) => {
    const ended = await run(...args);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toContain(words);
  });

  test("no store named at all: 2", async () => {
    const ended = await runCli(["store", "list"], { env: { HOME: root } });
    expect(ended).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("--store DIR, or set HOLDFAST_STORE"),
    });
  });

  test("a wrong key: 1, and nothing is written", async () => {
    await run("init");
    const other = await runCli(["store", "init", "--json"], { env: { ...env(), HOLDFAST_STORE: join(root, "other") } });
    const before = readdirSync(store, { recursive: true });
    const { key_file } = JSON.parse(other.stdout);
    const ended = await run("backup", image("a.img", BLOCK, { 0: 1 }), "--key-file", key_file);
    expect(ended).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("does not open this store") });
    expect(readdirSync(store, { recursive: true })).toEqual(before);
  });

  test("damage that verification finds: 3, with the object and the backup it hurts", async () => {
    await run("init");
    const { id } = await json("backup", image("a.img", BLOCK, { 0: 1 }));
    const domain = join(store, "objects", JSON.parse(readFileSync(join(store, "holdfast-store.json"), "utf8")).id);
    const [pack = ""] = readdirSync(join(domain, "packs"));
    truncateSync(join(domain, "packs", pack), 100);
    const ended = await run("verify");
    expect(ended.code).toBe(3);
    expect(ended.stdout).toContain(`damaged: packs/${pack}`);
    expect(ended.stdout).toContain(`hurts ${id}`);
    expect(ended.stderr).toMatch(/objects? (is|are) damaged/);
    expect(await run("restore", "latest", "out.img")).toMatchObject({ code: 1, stdout: "" });
    expect(existsSync(join(root, "out.img"))).toBe(false);
  }, 60_000);
});

describe("Ctrl-C and its kin", () => {
  test("end a backup with 130, and nothing of it is to be seen", async () => {
    await run("init");
    const backup = start("backup", slowImage(), "--json");
    await backup.said('"event":"progress"');
    backup.child.kill("SIGINT");
    expect(await backup.ended).toMatchObject({ code: 130, stdout: "", stderr: expect.stringContaining("interrupted") });
    expect({ ids: await ids(), runs: runs() }).toEqual({ ids: [], runs: [] });
    expect(await run("backup", image("a.img", BLOCK, { 0: 1 }))).toMatchObject({ code: 0 });
  }, 60_000);

  test("end a restore with 143, and the half file is gone", async () => {
    await run("init");
    await run("backup", slowImage());
    const restore = start("restore", "latest", "out.img", "--read-back", "--json");
    await restore.said('"event":"progress"');
    expect(existsSync(join(root, "out.img"))).toBe(true);
    restore.child.kill("SIGTERM");
    expect(await restore.ended).toMatchObject({ code: 143, stdout: "", stderr: expect.stringContaining("SIGTERM") });
    expect({ file: existsSync(join(root, "out.img")), runs: runs() }).toEqual({ file: false, runs: [] });
  }, 120_000);

  test("end a restore whose reader sleeps", async () => {
    await run("init");
    await run("backup", image("a.img", 8 * BLOCK, { 0: 1 }));
    const restore = start("restore", "latest", "-");
    restore.child.stdout?.pause();
    await expect.poll(() => existsSync(join(store, "runs")) && runs().length, { timeout: 20_000 }).toBe(1);
    restore.child.kill("SIGINT");
    await expect.poll(() => restore.child.exitCode, { timeout: 20_000 }).toBe(130);
    restore.child.stdout?.resume();
    expect(runs()).toEqual([]);
  }, 60_000);

  test("a reader that goes away ends a restore with 1 and a word of it", async () => {
    await run("init");
    await run("backup", image("a.img", 8 * BLOCK, { 0: 1 }));
    const restore = start("restore", "latest", "-");
    restore.child.stdout?.once("data", () => restore.child.stdout?.destroy());
    expect(await restore.ended).toMatchObject({ code: 1, stderr: expect.stringContaining("has closed it (EPIPE)") });
    expect(runs()).toEqual([]);
  }, 60_000);
});

describe("two processes on one store", () => {
  test("a second writer is told who the first one is; readers come and go beside it", async () => {
    await run("init");
    await run("backup", image("a.img", BLOCK, { 0: 1 }));
    const writer = start("backup", slowImage(), "--json");
    await writer.said('"event":"progress"');
    const refused = await run("backup", join(root, "a.img"));
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain(`is in use by process ${writer.child.pid} on this host`);
    expect(await run("restore", "latest", "out.img")).toMatchObject({ code: 0 });
    expect(await run("verify")).toMatchObject({ code: 0 });
    expect(await run("list")).toMatchObject({ code: 0 });
    writer.child.kill("SIGKILL");
    await writer.ended;
    expect(await run("backup", join(root, "a.img"))).toMatchObject({ code: 0 });
  }, 120_000);
});

describe("kill -9 at any moment", () => {
  /** Ends the command after a while that differs each time: start-up, work and end are all hit. */
  async function killed(after: number, ...args: string[]): Promise<number | null> {
    const started = start(...args);
    const timer = setTimeout(() => started.child.kill("SIGKILL"), after);
    const { code } = await started.ended;
    clearTimeout(timer);
    return code;
  }
  const moments = Array.from({ length: 12 }, (_, i) => 60 + i * 60);

  test("of init: another init goes on, or says that the store is there, and the store works", async () => {
    for (const after of moments) {
      rmSync(store, { recursive: true, force: true });
      const code = await killed(after, "init");
      const again = await run("init");
      if (code !== 0 && again.code !== 0) expect(again.stderr).toContain("is a store already");
      expect(await json("list")).toEqual([]);
    }
  }, 120_000);

  test("of backup, delete and restore: what was acknowledged is there and whole, and the next command works", async () => {
    await run("init");
    const source = image(
      "a.img",
      40 * BLOCK,
      Object.fromEntries(Array.from({ length: 20 }, (_, i) => [i * 2, i * 2 + 1])),
    );
    const acknowledged = new Set([(await json("backup", source)).id as string]);
    for (const [round, after] of moments.entries()) {
      image("a.img", 40 * BLOCK, { 1: round + 100, 3: round * 2 + 1 });
      const before = await ids();
      const code = await killed(after, "backup", source);
      const made = (await ids()).filter((id) => !before.includes(id));
      expect(made.length).toBeLessThanOrEqual(1);
      if (code === 0) expect(made).toHaveLength(1);
      for (const id of made) acknowledged.add(id);
      await killed(after, "restore", "latest", "out.img");
      const noted = runs().some((name) => readFileSync(join(store, "runs", name), "utf8").includes("out.img"));
      // A file that no run names any more was finished before the process was killed.
      const finished = existsSync(join(root, "out.img")) && !noted;
      const again = finished ? "again.img" : "out.img";
      expect(await run("restore", "latest", again)).toMatchObject({ code: 0, stderr: "" });
      if (finished) expect(readFileSync(join(root, "out.img")).equals(readFileSync(join(root, again)))).toBe(true);
      for (const name of ["out.img", "again.img"]) rmSync(join(root, name), { force: true });
      const [oldest = ""] = acknowledged;
      if (acknowledged.size > 2) {
        await killed(after, "delete", oldest);
        if (!(await ids()).includes(oldest)) acknowledged.delete(oldest);
      }
    }
    expect(await ids()).toEqual([...acknowledged].sort());
    expect(await json("verify")).toMatchObject({ damaged: [] });
    image("a.img", 40 * BLOCK, { 7: 7 });
    await json("backup", source);
    await json("restore", "latest", "out.img");
    expect(readFileSync(join(root, "out.img")).equals(readFileSync(source))).toBe(true);
  }, 240_000);
});
