/**
 * `npm run test:mutants -- [ID…]`: breaks one rule after the other, each in a copy of the tree, and asks whether a test that quotes the
 * behaviour's id goes red. Prints a table; ends with 1 when a mutant was not noticed, or not by the test that says it holds the rule.
 */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Mutant } from "./mutant.ts";
import { MUTANTS } from "./mutants.ts";
import { endAll, runTests } from "./run-tests.ts";
import { copyTree, withMutant } from "./tree.ts";
import { type EndedTest, judge, quoting, type Verdict } from "./verdict.ts";

const AT_ONCE = 2;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const began = performance.now();
const seconds = (): number => Math.round((performance.now() - began) / 1000);

/** Those that are asked for by their ids or families; all when none is. @throws for what names none */
function chosen(asked: readonly string[]): readonly Mutant[] {
  const named = (key: string) => MUTANTS.filter(({ id }) => id === key || id.startsWith(`${key}-`));
  for (const key of asked) if (named(key).length === 0) throw new Error(`there is no mutant of ${key}`);
  return asked.length === 0 ? MUTANTS : [...new Set(asked.flatMap(named))];
}

type Tests = ReadonlyMap<string, readonly EndedTest[]>;

/** The tests of each file while nothing is broken. @throws when one of them is red, or a file has none */
async function unbroken(folder: string, files: readonly string[]): Promise<Tests> {
  const ended = await runTests(folder, files);
  for (const file of files) {
    const tests = ended?.get(file) ?? [];
    const red = tests.filter(({ status }) => status === "failed");
    if (tests.length === 0) throw new Error(`test/${file} cannot be run`);
    if (red.length > 0)
      throw new Error(`test/${file} is red without any mutant: ${red.map((t) => t.fullName).join("; ")}`);
  }
  return ended ?? new Map();
}

/** First the tests that quote it; only when those see nothing, whether others in their file do. */
async function tryOut(folder: string, { id, test }: Mutant, usual: readonly EndedTest[]): Promise<Verdict> {
  const own = quoting(id, usual).map(({ title }) => title);
  const verdict = judge(id, (await runTests(folder, [test], own))?.get(test), usual.length);
  if (verdict.kind !== "survived") return verdict;
  return judge(id, (await runTests(folder, [test]))?.get(test), usual.length);
}

/** Names of tests may hold thousands of characters. */
const LONGEST = 120;

function told(verdict: Verdict): string {
  switch (verdict.kind) {
    case "caught": {
      const [first = "", ...more] = verdict.tests;
      return `red: ${first.slice(0, LONGEST)}${more.length > 0 ? ` (and ${more.length} more)` : ""}`;
    }
    case "survived":
      return "SURVIVED";
    case "unquoted":
      return `SURVIVED: red, but none quotes it: ${verdict.tests.map((test) => test.slice(0, LONGEST)).join("; ")}`;
    case "broken":
      return `SAYS NOTHING: ${verdict.why}`;
  }
}

/** Each copy of the tree takes the next mutant as soon as it is done with one. */
async function runAll(
  folders: readonly string[],
  mutants: readonly Mutant[],
  usual: Tests,
): Promise<ReadonlyMap<Mutant, Verdict>> {
  const verdicts = new Map<Mutant, Verdict>();
  const waiting = [...mutants];
  await Promise.all(
    folders.map(async (folder) => {
      for (;;) {
        const mutant = waiting.shift();
        if (mutant === undefined) return;
        const tests = usual.get(mutant.test) ?? [];
        const verdict = await withMutant(folder, mutant, () => tryOut(folder, mutant, tests));
        verdicts.set(mutant, verdict);
        process.stderr.write(`${verdicts.size} of ${mutants.length}, ${seconds()} s: ${mutant.id} ${verdict.kind}\n`);
      }
    }),
  );
  return verdicts;
}

const mutants = chosen(process.argv.slice(2));
const place = mkdtempSync(join(realpathSync(tmpdir()), "mutants-"));
const clear = (): void => rmSync(place, { recursive: true, force: true });
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    endAll();
    clear();
    process.exit(1);
  });
try {
  const folders = Array.from({ length: Math.min(AT_ONCE, mutants.length) }, (_, n) => join(place, String(n)));
  for (const folder of folders) copyTree(folder);
  const usual = await unbroken(folders[0] ?? "", [...new Set(mutants.map(({ test }) => test))]);
  process.stderr.write(`all green without a mutant, ${seconds()} s\n`);
  const verdicts = await runAll(folders, mutants, usual);
  const widest = Math.max(...mutants.map(({ mistake }) => mistake.length));
  for (const mutant of mutants) {
    const verdict = verdicts.get(mutant);
    say(`${mutant.id}  ${mutant.mistake.padEnd(widest)}  ${verdict === undefined ? "NOT RUN" : told(verdict)}`);
  }
  const caught = [...verdicts.values()].filter(({ kind }) => kind === "caught").length;
  say(`\n${caught} of ${mutants.length} mutants were noticed, ${seconds()} s`);
  process.exitCode = caught === mutants.length ? 0 : 1;
} finally {
  clear();
}
