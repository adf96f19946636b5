/** Who is seen to read or write a store? */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openRun, openRuns } from "../../local/store/runs.ts";

const DAY = 24 * 3600 * 1000;
let store: string;
beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), "holdfast-runs-"));
});
afterEach(() => rmSync(store, { recursive: true, force: true }));

const put = (run: object): void => {
  openRun(store, { kind: "verify", roots: [], at: 0 }).close();
  writeFileSync(
    join(store, "runs", "other.json"),
    JSON.stringify({
      id: "other",
      kind: "restore",
      roots: ["r"],
      at: 1000,
      pid: 1,
      host: "elsewhere",
      started: "x",
      ...run,
    }),
  );
};

describe("a run", () => {
  test("is open, with its roots, until it is closed", () => {
    const run = openRun(store, { kind: "restore", roots: ["a", "b"], at: 5 });
    expect(openRuns(store, 6)).toMatchObject([{ kind: "restore", roots: ["a", "b"], at: 5, pid: process.pid }]);
    run.close();
    run.close();
    expect(openRuns(store, 6)).toEqual([]);
    expect(readdirSync(join(store, "runs"))).toEqual([]);
  });

  test("of a process that died counts no more, and its file is removed", () => {
    const { pid } = spawnSync("true");
    put({ pid, host: hostname(), started: "whenever" });
    expect(openRuns(store, 1001)).toEqual([]);
    expect(readdirSync(join(store, "runs"))).toEqual([]);
  });

  test("of a pid that another process has by now counts no more", () => {
    put({ pid: process.pid, host: hostname(), started: "at another time" });
    expect(openRuns(store, 1001)).toEqual([]);
  });

  test("of another host counts for seven days", () => {
    put({});
    expect(openRuns(store, 1000 + 7 * DAY - 1)).toMatchObject([{ id: "other", roots: ["r"] }]);
    expect(openRuns(store, 1000 + 7 * DAY)).toEqual([]);
  });

  test("whose file is damaged stops whoever must know all runs", () => {
    put({ roots: "all" });
    expect(() => openRuns(store, 0)).toThrow("other.json is damaged");
  });
});

test("a folder in which nothing ever ran has no runs", () => {
  expect(openRuns(store, 0)).toEqual([]);
});
