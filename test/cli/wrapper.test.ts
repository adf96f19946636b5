/** Does cli/bin.js find a Node that fits, pass everything on, and take the product with it when it dies? */
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** Makes the Node that runs cli/bin.js believe that it is an old one. */
const pretend = (version: string): string =>
  `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"${version}"}})`;

let folder: string;

/** A checkout of three files; its "product" says what it got. `runtime`: with the Node package that npm would bring. */
function checkout(main: string, runtime: boolean): string {
  mkdirSync(join(folder, "cli"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  cpSync(join(root, "cli/bin.js"), join(folder, "cli/bin.js"));
  cpSync(join(root, "cli/wrapper.ts"), join(folder, "cli/wrapper.ts"));
  writeFileSync(join(folder, "cli/main.ts"), main);
  if (runtime) {
    const name = join(folder, "node_modules", `node-${process.platform}-${process.arch}`);
    mkdirSync(join(name, "bin"), { recursive: true });
    writeFileSync(join(name, "package.json"), "{}");
    writeFileSync(join(name, "bin/node"), `#!/bin/sh\nexec "${process.execPath}" "$@"\n`, { mode: 0o755 });
  }
  return join(folder, "cli/bin.js");
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-wrapper-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sayArguments = "process.stdout.write(JSON.stringify(process.argv.slice(2)) + '\\n'); process.exitCode = 7;";

test("a Node that is new enough runs the product itself", () => {
  const { status, stdout } = spawnSync(process.execPath, [checkout(sayArguments, false), "a", "b c"]);
  expect({ status, stdout: `${stdout}` }).toEqual({ status: 7, stdout: '["a","b c"]\n' });
});

test("an older Node hands over to the one that npm brought, with arguments and exit code", () => {
  for (const version of ["20.20.2", "24.20.9", "12.22.0"]) {
    const bin = checkout(sayArguments, true);
    const { status, stdout } = spawnSync(process.execPath, ["--import", pretend(version), bin, "a", "b c"]);
    expect({ status, stdout: `${stdout}` }).toEqual({ status: 7, stdout: '["a","b c"]\n' });
  }
});

test("without any Node that fits it says what to do", () => {
  const bin = checkout(sayArguments, false);
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", pretend("20.20.2"), bin]);
  expect({ status, stdout: `${stdout}` }).toEqual({ status: 1, stdout: "" });
  expect(`${stderr}`).toContain("holdfast needs Node 24.21 or newer. This is Node 20.20.2");
});

/** A product that writes a file when it is told to end, and would live on otherwise. */
const lives = `
  import { writeFileSync } from "node:fs";
  import { watchWrapper } from "./wrapper.ts";
  watchWrapper(process.env, () => { writeFileSync(process.argv[2] + ".gone", ""); process.exit(0); });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => { writeFileSync(process.argv[2] + "." + signal, ""); process.exit(3); });
  setInterval(() => {}, 1000);
  process.stdout.write("ready " + process.pid + "\\n");
`;

async function appears(file: string): Promise<void> {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20));
}

function startWrapped(): { mark: string; wrapper: ReturnType<typeof spawn>; ready: Promise<void> } {
  const mark = join(folder, "mark");
  const bin = checkout(lives, true);
  const wrapper = spawn(process.execPath, ["--import", pretend("20.20.2"), bin, mark], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ready = new Promise<void>((resolve) => wrapper.stdout?.once("data", () => resolve()));
  return { mark, wrapper, ready };
}

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s is passed on, and the product's exit code comes back",
  async (signal) => {
    const { mark, wrapper, ready } = startWrapped();
    await ready;
    const code = new Promise((resolve) => wrapper.once("exit", resolve));
    wrapper.kill(signal);
    expect(await code).toBe(3);
    expect(existsSync(`${mark}.${signal}`)).toBe(true);
  },
);

test("a wrapper that dies by kill -9 takes the product with it, in good order", async () => {
  const { mark, wrapper, ready } = startWrapped();
  await ready;
  wrapper.kill("SIGKILL");
  await appears(`${mark}.gone`);
  expect(existsSync(`${mark}.gone`)).toBe(true);
});

/** What npm does: a parent that starts the product with its variable set. */
function startLikeNpm(command: readonly [file: string, ...args: string[]]): ReturnType<typeof spawn> {
  const [file, ...args] = command;
  const start = `require("node:child_process").spawn(${JSON.stringify(file)}, ${JSON.stringify(args)}, { stdio: "inherit" })`;
  return spawn(process.execPath, ["-e", start], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, npm_lifecycle_event: "start" },
  });
}

test.each(["directly", "in a shell"])("under npm, started %s, the product ends when npm is killed", async (how) => {
  const mark = join(folder, "mark");
  const bin = checkout(lives, false);
  // The second command keeps the shell from becoming the product itself.
  const shell = ["/bin/sh", "-c", `"${process.execPath}" "${bin}" "${mark}"; exit $?`] as const;
  const npm = startLikeNpm(how === "directly" ? [process.execPath, bin, mark] : shell);
  await new Promise<void>((resolve) => npm.stdout?.once("data", () => resolve()));
  npm.kill("SIGKILL");
  await appears(`${mark}.gone`);
  expect(existsSync(`${mark}.gone`)).toBe(true);
});
