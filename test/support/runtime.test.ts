/** Do tests run on the Node that the product promises to run on? */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

/** `[major, minor]` of a version such as 24.21.0. */
const parts = (version: string): number[] => version.split(".").slice(0, 2).map(Number);

/** Before 24.21 a truncated zstd frame could decode without an error (docs/adr/0003-node-24-from-npm.md). */
function newEnough(version: string): boolean {
  const [major = 0, minor = 0] = parts(version);
  return major > 24 || (major === 24 && minor >= 21);
}

test("tests run on Node 24.21 or newer", () => {
  expect(newEnough(process.versions.node)).toBe(true);
});

test("so do the processes that tests start", () => {
  const version = execFileSync(process.execPath, ["--print", "process.versions.node"], { encoding: "utf8" }).trim();
  expect(newEnough(version)).toBe(true);
});

test("they run without memory protection keys, whose bookkeeping can end a process with threads (cli/bin.js)", () => {
  expect(process.execArgv).toContain("--no-memory-protection-keys");
});
