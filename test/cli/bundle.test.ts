/** Does `holdfast store` start from its bundle, and from its sources as soon as one of them is another? */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundleCli } from "../../tools/bundle-cli.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-bundle-"));
  expect(await bundleCli()).toBeDefined();
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

it("help, mistakes and the version are said as from the sources", () => {
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

it("an edited source is what runs, and so it is when a source or the bundle is gone", () => {
  const copy = join(folder, "checkout");
  const cache = join(copy, "node_modules/.cache/holdfast-cli");
  mkdirSync(join(cache, "abc"), { recursive: true });
  mkdirSync(join(copy, "cli"));
  cpSync(join(root, "cli/bin.js"), join(copy, "cli/bin.js"));
  writeFileSync(join(copy, "package.json"), '{"type":"module"}');
  writeFileSync(join(cache, "abc/main.mjs"), 'console.log("bundle");');
  const say = (source: string): string => {
    writeFileSync(join(copy, "cli/main.ts"), `console.log("${source}");`);
    return started();
  };
  const started = (): string =>
    spawnSync(process.execPath, [join(copy, "cli/bin.js"), "store", "list"], { encoding: "utf8" }).stdout.trim();
  expect(say("source")).toBe("source");
  const { size, mtimeMs } = statSync(join(copy, "cli/main.ts"));
  const facts = (sources: object): void =>
    writeFileSync(join(cache, "bundle.json"), JSON.stringify({ folder: "abc", sources }));
  facts({ "cli/main.ts": [size, mtimeMs] });
  expect(started()).toBe("bundle");
  expect(say("edited")).toBe("edited");
  facts({ "cli/main.ts": [size, mtimeMs], "cli/gone.ts": [1, 1] });
  expect(started()).toBe("edited");
  writeFileSync(join(cache, "bundle.json"), "{");
  expect(started()).toBe("edited");
});
