/**
 * Are the import rules kept? `npm run check` runs this file.
 *
 * dependency-cruiser answers "no violations" when it cannot parse TypeScript at all (it sees almost nothing with
 * TypeScript 7), so what it saw is compared with the files on disk.
 */
import { globSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import { importRules } from "./import-rules.ts";

/** What a look at the import graph found out. */
export interface ImportView {
  /** Paths of the modules seen, relative to the root. */
  readonly seen: readonly string[];
  /** Broken rules, one line each. */
  readonly violations: readonly string[];
}

/** Folders that hold no source of ours. */
const skipped = ["node_modules", "cdk.out", "coverage", "holdfast-data", ".git"];

/** All TypeScript files under `root`, as paths relative to it. */
export function typescriptFiles(root: string): string[] {
  return globSync("**/*.ts", {
    cwd: root,
    exclude: (entry) => skipped.includes(entry.split("/").at(-1) ?? entry),
  }).toSorted();
}

/** Reads the import graph of `files` under `root` and holds it against the rules. */
export async function viewImports(root: string, files: readonly string[]): Promise<ImportView> {
  const { output } = await cruise(
    [...files],
    {
      baseDir: root,
      ruleSet: { forbidden: importRules },
      validate: true,
      doNotFollow: { path: "node_modules" },
      // `import type` counts: a type from the wrong layer ties the layers together just as well.
      tsPreCompilationDeps: true,
      enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] },
    },
    { bustTheCache: true },
  );
  const { modules, summary } = output as ICruiseResult;
  return {
    seen: modules.map((module) => module.source),
    violations: summary.violations.map((broken) => {
      const cycle = broken.cycle?.map((step) => step.name).join(" -> ");
      return `${broken.rule.name}: ${broken.from} -> ${cycle ?? broken.to} (${reason(broken.rule.name)})`;
    }),
  };
}

function reason(rule: string): string {
  return importRules.find((known) => known.name === rule)?.comment ?? "no reason given";
}

/** Everything that makes the check red: broken rules, files that the view lacks, a view of nothing. */
export function findProblems(onDisk: readonly string[], view: ImportView): string[] {
  const seen = new Set(view.seen);
  const missing = onDisk.filter((file) => !seen.has(file));
  return [
    ...(onDisk.length === 0 ? ["no TypeScript file was found: is this the right folder?"] : []),
    ...(seen.size === 0 ? ["the checker saw no module at all: its answer means nothing"] : []),
    ...missing.map((file) => `${file}: exists, but the checker did not see it`),
    ...view.violations,
  ];
}

/** Looks at every TypeScript file under `root`. */
export async function checkImports(root: string): Promise<{ modules: number; problems: string[] }> {
  const files = typescriptFiles(root);
  const view = files.length === 0 ? { seen: [], violations: [] } : await viewImports(root, files);
  return { modules: files.length, problems: findProblems(files, view) };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { modules, problems } = await checkImports(process.cwd());
  for (const problem of problems) console.error(`imports: ${problem}`);
  console.error(`imports: ${modules} modules, ${problems.length} problems`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
