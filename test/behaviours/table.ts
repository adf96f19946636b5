/** Which behaviours are tested, and where? Reads the names of tests; makes docs/developer/behaviours.md. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NOT_YET } from "./not-yet.ts";

const TESTS = fileURLToPath(new URL("../", import.meta.url));
const LIST = fileURLToPath(new URL("behaviours.tsv", import.meta.url));
/** This folder quotes ids without testing them. */
const OWN = "behaviours";

/** One behaviour of CBR, as it was researched. */
interface Behaviour {
  readonly id: string;
  readonly text: string;
  /** Files whose tests quote it, below `test/`. */
  readonly tests: readonly string[];
  /** Why there is none. */
  readonly reason: string | undefined;
}

/** All 394, in the order of the list. */
export function behaviours(): readonly Behaviour[] {
  const tested = quotedIds();
  return readFileSync(LIST, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [id = "", text = ""] = line.split("\t");
      return { id, text, tests: tested.get(id) ?? [], reason: NOT_YET[id] ?? NOT_YET[familyOf(id)] };
    });
}

const familyOf = (id: string): string => id.slice(0, 3);

/** Ids in the texts of test files, by id; `RET-50..55` stands for all six. Comments do not count. */
function quotedIds(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, Set<string>>();
  for (const file of testFiles(TESTS)) {
    for (const line of readFileSync(join(TESTS, file), "utf8").split("\n")) {
      if (/^\s*(\/\/|\*|\/\*)/.test(line)) continue;
      for (const quoted of line.match(/(["'`]).*\1/g) ?? [])
        for (const id of idsIn(quoted)) found.set(id, (found.get(id) ?? new Set()).add(file));
    }
  }
  return new Map([...found].map(([id, files]) => [id, [...files].sort()]));
}

/** Ids that a text names: `RET-30`, `RET-50..55`. */
export function idsIn(text: string): readonly string[] {
  return [...text.matchAll(/\b([A-Z]{3})-(\d{2,})([a-z]?)(?:\.\.(\d+))?/g)].flatMap(
    ([, family = "", from = "", letter = "", to]) => {
      if (to === undefined) return [`${family}-${from}${letter}`];
      const [first, last] = [Number(from), Number(to)];
      if (last < first || last - first > 100) return [];
      return Array.from({ length: last - first + 1 }, (_, i) => `${family}-${String(first + i).padStart(2, "0")}`);
    },
  );
}

/** Test files and the scenarios that both hosts run, by path below `folder`. */
function testFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => !path.startsWith(OWN) && (/\.test\.ts$/.test(path) || /scenarios\/[^/]+\.ts$/.test(path)))
    .sort();
}

/** The page. */
export function page(all: readonly Behaviour[]): string {
  const tested = all.filter(({ tests }) => tests.length > 0);
  const explained = all.filter(({ tests, reason }) => tests.length === 0 && reason !== undefined);
  const open = all.length - tested.length - explained.length;
  const rows = all.map(({ id, text, tests, reason }) => {
    const where = tests.map((file) => `\`${file}\``).join(", ") || reason || "**no test yet**";
    return `| ${id} | ${text.replaceAll("|", "\\|")} | ${where} |`;
  });
  return `# Behaviours

Made by \`npm run behaviours\` from \`test/behaviours/behaviours.tsv\` and the names of tests; a test fails when it is out of date. What a cloud backup service of this
kind does was researched from public documents, numbered, and written down in our own words; a test quotes the numbers that it holds us to.

${tested.length} of ${all.length} are tested; ${explained.length} belong to what is not built yet or cannot be tested; ${open} have no test yet.

| | what | tests below \`test/\`, or why not |
| --- | --- | --- |
${rows.join("\n")}
`;
}
