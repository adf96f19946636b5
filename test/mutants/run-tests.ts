/** Runs test files in a copy of the tree and reads how every test ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { EndedTest } from "./verdict.ts";

/** A mutant may make a loop that never ends. The slowest file takes half a minute on two busy cores. */
const MOST_MS = 4 * 60_000;

/** What is read of vitest's JSON report. */
const Report = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          title: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

const running = new Set<ChildProcess>();

/** Ends the runner and the processes that it has started: a group of their own, because a loop hears nobody. */
function end({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // It has ended by itself meanwhile.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** For whoever is told to stop: ends all that run. */
export const endAll = (): void => running.forEach(end);

/** What vitest's `-t` takes for tests of these titles. */
const ending = (titles: Iterable<string>): string =>
  `(${[...new Set(titles)].map((title) => title.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|")})$`;

/**
 * Tests by file, below `test/`; a file that could not be loaded has none. Undefined without a report. `folder`: the copy.
 * A test that is left out, because it was not asked for or a tool is missing, ends as "skipped". `only`: titles; absent = all.
 */
export async function runTests(
  folder: string,
  files: readonly string[],
  only?: readonly string[],
): Promise<ReadonlyMap<string, readonly EndedTest[]> | undefined> {
  const report = join(folder, ".mutants-report.json");
  rmSync(report, { force: true });
  const args = ["run", "--project", "local", "--reporter=json", `--outputFile=${report}`];
  if (only !== undefined) args.push("-t", ending(only));
  const paths = files.map((file) => join("test", file));
  const vitest = join("node_modules", "vitest", "vitest.mjs");
  const child = spawn(process.execPath, [vitest, ...args, ...paths], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
    detached: true,
  });
  running.add(child);
  const timer = setTimeout(() => end(child), MOST_MS * files.length);
  await once(child, "exit");
  clearTimeout(timer);
  running.delete(child);
  if (!existsSync(report)) return undefined;
  const { testResults } = Report.parse(JSON.parse(readFileSync(report, "utf8")));
  return new Map(
    testResults.map(({ name, assertionResults }) => [
      name.slice(join(folder, "test").length + 1),
      assertionResults.map(({ fullName, title, status, failureMessages }) => ({
        fullName,
        title,
        status,
        messages: failureMessages ?? [],
      })),
    ]),
  );
}
