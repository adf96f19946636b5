/** Does `holdfast store` start from its bundle, and from its sources as soon as one of them is another? */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bundleCli } from "../../tools/bundle-cli.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-bundle-"));
  await bundleCli();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs cli/bin.js, and says which of our files its threads loaded. */
function run(...args: readonly string[]) {
  const coverage = mkdtempSync(join(folder, "coverage-"));
  const env = { ...process.env, XDG_CONFIG_HOME: join(folder, "config"), NODE_V8_COVERAGE: coverage };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "cli/bin.js"), ...args], {
    env,
    encoding: "utf8",
  });
  const loaded = readdirSync(coverage).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(coverage, name), "utf8")) as { result: { url: string }[] };
    return result.map(({ url }) => url.replace(/^file:\/\//, "")).filter((path) => path.startsWith(root));
  });
  return { status, stdout, stderr, loaded: [...new Set(loaded)].map((path) => path.slice(root.length)) };
}

it("a store is made, filled, listed, verified and restored by bundled code alone, threads included", () => {
  const image = join(folder, "disk.img");
  const restored = join(folder, "restored.img");
  writeFileSync(image, Buffer.alloc(3 * 2 ** 20, "some bytes of a disk"));
  const store = ["--store", join(folder, "store")];
  const commands = [["init"], ["backup", image], ["list"], ["verify"], ["restore", "latest", restored], ["gc"]];
  const loaded = new Set<string>();
  for (const [name = "", ...args] of commands) {
    const ended = run("store", name, ...args, ...store);
    expect({ name, status: ended.status, stderr: ended.stderr }).toEqual({ name, status: 0, stderr: "" });
    for (const path of ended.loaded) loaded.add(path);
  }
  expect(readFileSync(restored).equals(readFileSync(image))).toBe(true);
  const ours = [...loaded].filter((path) => !/^node_modules\/(?!\.cache)/.test(path));
  expect(ours.filter((path) => path.endsWith(".ts"))).toEqual([]);
  expect(ours.map((path) => path.split("/").at(-1))).toEqual(
    expect.arrayContaining(["bin.js", "main.mjs", "worker.mjs", "io.mjs"]),
  );
});

it("help and words about mistakes are said as from the sources", () => {
  for (const args of [
    ["store", "--help"],
    ["store", "backup", "--help"],
    ["store", "backup", "--nothing"],
    ["store", "x"],
  ]) {
    const bundled = run(...args);
    const plain = spawnSync(process.execPath, [join(root, "cli/main.ts"), ...args], { encoding: "utf8" });
    expect(bundled.loaded.some((path) => path.endsWith("main.mjs"))).toBe(true);
    expect([bundled.status, bundled.stdout, bundled.stderr]).toEqual([plain.status, plain.stdout, plain.stderr]);
  }
});

it("other commands start from the sources", () => {
  const { status, loaded } = run("--version");
  expect(status).toBe(0);
  expect(loaded).toContain("cli/main.ts");
});

describe("a checkout whose bundle was made of one source", () => {
  const copy = () => join(folder, "checkout");
  const cache = () => join(copy(), "node_modules/.cache/holdfast-cli");
  const source = (word: string): string => `console.log("${word}");`;
  const bundle = 'console.log("bundle");';

  function facts(more: object = {}): void {
    const bytes = source("source");
    const digest = createHash("sha256").update(`cli/main.ts\0${bytes.length}\0`).update(bytes).digest("hex");
    const all = { folder: "abc", files: { "main.mjs": bundle.length }, sources: ["cli/main.ts"], digest, ...more };
    writeFileSync(join(cache(), "bundle.json"), JSON.stringify(all));
  }
  const started = (): string =>
    spawnSync(process.execPath, [join(copy(), "cli/bin.js"), "store", "list"], { encoding: "utf8" }).stdout.trim();

  beforeEach(() => {
    rmSync(copy(), { recursive: true, force: true });
    mkdirSync(join(cache(), "abc"), { recursive: true });
    mkdirSync(join(copy(), "cli"));
    cpSync(join(root, "cli/bin.js"), join(copy(), "cli/bin.js"));
    writeFileSync(join(copy(), "package.json"), '{"type":"module"}');
    writeFileSync(join(copy(), "cli/main.ts"), source("source"));
    writeFileSync(join(cache(), "abc/main.mjs"), bundle);
    facts();
    expect(started()).toBe("bundle");
  });

  it("runs an edited source, also one of the same length and times", () => {
    const { atime, mtime } = statSync(join(copy(), "cli/main.ts"));
    writeFileSync(join(copy(), "cli/main.ts"), source("edited"));
    utimesSync(join(copy(), "cli/main.ts"), atime, mtime);
    expect(started()).toBe("edited");
  });

  it("runs the bundle again when the source is what it was, whatever its times", () => {
    writeFileSync(join(copy(), "cli/main.ts"), source("edited"));
    writeFileSync(join(copy(), "cli/main.ts"), source("source"));
    utimesSync(join(copy(), "cli/main.ts"), 1, 1);
    expect(started()).toBe("bundle");
  });

  it.each<[string, () => void]>([
    ["its description is half written", () => writeFileSync(join(cache(), "bundle.json"), "{")],
    ["its description says something else", () => writeFileSync(join(cache(), "bundle.json"), "null")],
    ["a source is gone", () => facts({ sources: ["cli/main.ts", "cli/gone.ts"] })],
    ["its code is gone", () => rmSync(join(cache(), "abc/main.mjs"))],
    ["its code is empty", () => writeFileSync(join(cache(), "abc/main.mjs"), "")],
    ["its folder is gone", () => rmSync(join(cache(), "abc"), { recursive: true })],
  ])("runs the sources when %s", (_, damage) => {
    damage();
    expect(started()).toBe("source");
  });
});

it("a bundle may be read by whoever may read the sources", async () => {
  const made = await bundleCli();
  expect((statSync(made).mode & 0o777).toString(8)).toBe((0o755 & ~process.umask()).toString(8));
  const facts = JSON.parse(readFileSync(join(made, "../bundle.json"), "utf8")) as { sources: string[] };
  expect(facts.sources).toEqual(expect.arrayContaining(["cli/main.ts", "local/data-plane/worker.ts", "package.json"]));
  expect(facts.sources).not.toContain("cli/program.ts");
});

it("an installation without the bundler, or of package.json alone, succeeds and says what it lacks", () => {
  const bare = join(folder, "bare");
  mkdirSync(join(bare, "tools"), { recursive: true });
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: { prepare: string } };
  const prepare = () =>
    spawnSync("sh", ["-c", scripts.prepare], {
      cwd: bare,
      encoding: "utf8",
      env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
    });
  expect(prepare()).toMatchObject({ status: 0, stderr: "" });
  for (const name of ["prepare.js", "bundle-cli.ts", "kept-files.ts"])
    cpSync(join(root, "tools", name), join(bare, "tools", name));
  writeFileSync(join(bare, "package.json"), '{"type":"module"}');
  const { status, stderr } = prepare();
  expect(status).toBe(0);
  expect(stderr).toMatch(/^holdfast store starts from its sources.*Cannot find package 'esbuild'/);
});
