/** Does Huawei's Python SDK, unmodified, live a whole life of a vault against `holdfast serve`? */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Python, run } from "../support/python.ts";
import { clientEnvironment, clientsPython, firstContent, INSTALL_MS, LIFE_MS, type Served, serve } from "./served.ts";

const SCRIPT = fileURLToPath(new URL("sdk_life_cycle.py", import.meta.url));

let tool: Python;
let served: Served | undefined;

beforeAll(async () => {
  tool = await clientsPython();
  if ("python" in tool) served = await serve();
}, INSTALL_MS);
afterAll(() => served?.close());
beforeEach(({ skip }) => skip("problem" in tool, "problem" in tool ? tool.problem : undefined));

test("huaweicloudsdkcbr: from the first vault to the last 404", { timeout: LIFE_MS }, async () => {
  if (served === undefined || !("python" in tool)) throw new Error("no service");
  const { credentials, disk, home } = served;
  const life = await run(
    tool.python,
    [SCRIPT, JSON.stringify(credentials), disk.id, disk.path],
    clientEnvironment(home),
  );
  expect(life.stdout.trim().split("\n"), life.stderr).toEqual([
    "create vault",
    "create policy, bind, disable",
    "add resource",
    "back up, poll the task",
    "list with filters",
    "restore in place, byte for byte",
    "tags: create, list, search, delete",
    "refusals: sharing, unknown vault, bad signature",
    "delete backup and policy",
    "delete vault until 404",
  ]);
  expect(life.code, life.stderr).toBe(0);
  expect(readFileSync(disk.path).equals(firstContent())).toBe(true);
});
