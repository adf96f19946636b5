/** Does `cdk synth` work where there is nothing but the checkout, and twice to the same result? */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { FUNCTIONS } from "../../functions/aws/functions.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "holdfast-cdk-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Port 9 (discard) answers nobody. Nothing of this process's environment but the Node it runs on. */
function bareEnvironment(home: string): Record<string, string> {
  mkdirSync(home);
  const proxy = "http://127.0.0.1:9";
  return {
    PATH: [join(root, "node_modules/.bin"), dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter),
    HOME: home,
    npm_config_cache: join(home, "npm-cache"),
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    http_proxy: proxy,
    https_proxy: proxy,
    npm_config_registry: proxy,
    AWS_EC2_METADATA_DISABLED: "true",
    CDK_DOCKER: join(home, "no-docker"),
  };
}

const run = promisify(execFile);
const synth = async (out: string, ...args: string[]) => {
  const options = { cwd: root, env: bareEnvironment(join(folder, `home-${out}`)) };
  const { stderr } = await run("npx", ["cdk", "synth", "--quiet", "--output", join(folder, out), ...args], options);
  return stderr;
};
const files = (out: string) =>
  readdirSync(join(folder, out))
    .filter((name) => /\.(template|assets)\.json$/.test(name))
    .sort();
const contents = (out: string) => files(out).map((name) => [name, readFileSync(join(folder, out, name), "utf8")]);

test("cdk synth needs no network, no npm cache, no Docker and no credentials; a second one gives the same templates and assets", async () => {
  const [said] = await Promise.all([synth("one"), synth("two")]);
  expect(said).not.toMatch(/error|warning.*\[CDK|violation/i);
  expect(files("one").filter((name) => name.endsWith(".template.json"))).toHaveLength(4);
  // What a diff compares: templates name each function's code by the hash of its content.
  expect(contents("two")).toEqual(contents("one"));

  const assets = readdirSync(join(folder, "one")).filter((name) => name.startsWith("asset."));
  const entries = new Set(FUNCTIONS.map(({ entry }) => entry));
  expect(assets).toHaveLength(entries.size);
  for (const asset of assets) {
    expect(readdirSync(join(folder, "one", asset)).filter((file) => file !== "LICENCES.txt")).toEqual(["index.mjs"]);
    const { size } = statSync(join(folder, "one", asset, "index.mjs"));
    expect(size, asset).toBeGreaterThan(10_000);
    expect(size, asset).toBeLessThanOrEqual(1_500_000);
    const code = readFileSync(join(folder, "one", asset, "index.mjs"), "utf8");
    expect(code.includes(root), `${asset} holds a path of this machine`).toBe(false);
  }
}, 300_000);

test("an option that does not exist ends the command with its reason, without a stack trace", async () => {
  const failed = await synth("bad", "-c", "retainOnDestory=false").catch((error: { stderr: string }) => error.stderr);
  expect(failed).toContain('context "retainOnDestory": is no option; known are name');
  expect(failed).not.toMatch(/\n\s+at /);
}, 120_000);
