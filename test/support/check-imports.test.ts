/** Is the import check red whenever it must be? */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { checkImports, findProblems, typescriptFiles, viewImports } from "./check-imports.ts";

const roots: string[] = [];

/** A throwaway source tree: path → text. */
function tree(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "holdfast-imports-"));
  roots.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

const value = "export const value = 1;\n";

describe("a tree that keeps the rules", () => {
  test("has no problems, and every file is counted", async () => {
    const root = tree({
      "core/domain/a.ts": value,
      "core/ports/b.ts": 'export { value } from "../domain/a.ts";\n',
      "core/app/c.ts":
        'import { createHash } from "node:crypto";\nexport { value } from "../ports/b.ts";\nexport { createHash };\n',
      "adapters/local/d.ts":
        'export { readFileSync } from "node:fs";\nexport { value } from "../../core/ports/b.ts";\n',
      "local/e.ts":
        'export { value } from "../core/app/c.ts";\nexport { readFileSync } from "../adapters/local/d.ts";\n',
    });
    expect(await checkImports(root)).toEqual({ modules: 5, problems: [] });
  });
});

describe("a forbidden import is red", () => {
  const cases: readonly [rule: string, from: string, specifier: string, target: string][] = [
    ["domain-is-pure", "core/domain/x.ts", "../ports/t.ts", "core/ports/t.ts"],
    ["ports", "core/ports/x.ts", "../app/t.ts", "core/app/t.ts"],
    ["engine", "core/engine/x.ts", "../app/t.ts", "core/app/t.ts"],
    ["app", "core/app/x.ts", "../engine/t.ts", "core/engine/t.ts"],
    ["app", "core/app/x.ts", "../../adapters/local/t.ts", "adapters/local/t.ts"],
    ["adapters", "adapters/local/x.ts", "../../core/app/t.ts", "core/app/t.ts"],
    ["adapters-do-not-mix", "adapters/local/x.ts", "../aws/t.ts", "adapters/aws/t.ts"],
    ["workflows", "workflows/x.ts", "../core/domain/t.ts", "core/domain/t.ts"],
    ["functions", "functions/x.ts", "../local/t.ts", "local/t.ts"],
    ["infra", "infra/x.ts", "../core/app/t.ts", "core/app/t.ts"],
    ["hosts", "cli/x.ts", "../test/t.ts", "test/t.ts"],
  ];
  test.each(cases)("%s: %s may not import %s", async (rule, from, specifier, target) => {
    const root = tree({ [from]: `export { value } from "${specifier}";\n`, [target]: value });
    expect((await checkImports(root)).problems.join("\n")).toContain(`${rule}: ${from} -> ${target}`);
  });

  test.each(["node:fs", "node:http", "node:net", "node:child_process", "node:worker_threads", "node:timers"])(
    "core may not import %s",
    async (name) => {
      const root = tree({ "core/app/x.ts": `import * as it from "${name}";\nexport { it };\n` });
      expect((await checkImports(root)).problems.join("\n")).toContain("core-touches-nothing: core/app/x.ts");
    },
  );

  test("an import that is only a type counts too", async () => {
    const root = tree({
      "core/domain/x.ts": 'import type { T } from "../ports/t.ts";\nexport type U = T;\n',
      "core/ports/t.ts": "export type T = string;\n",
    });
    expect((await checkImports(root)).problems.join("\n")).toContain("domain-is-pure");
  });

  test("the AWS SDK outside adapters/aws and the CDK outside infra are red", async () => {
    const root = tree({
      "local/x.ts": 'export * from "@aws-sdk/client-s3";\n',
      "functions/y.ts": 'export * from "aws-cdk-lib/core";\n',
    });
    const problems = (await checkImports(root)).problems.join("\n");
    expect(problems).toContain("aws-sdk-only-in-adapters: local/x.ts");
    expect(problems).toContain("cdk-only-in-infra: functions/y.ts");
  });

  test("two modules that import each other are red", async () => {
    const root = tree({
      "core/domain/a.ts": 'export { two } from "./b.ts";\nexport const one = 1;\n',
      "core/domain/b.ts": 'export { one } from "./a.ts";\nexport const two = 2;\n',
    });
    expect((await checkImports(root)).problems.join("\n")).toContain("no-cycles");
  });
});

describe("a view that misses something is red", () => {
  test("a file that the checker did not see", async () => {
    const root = tree({ "core/domain/a.ts": value, "core/domain/b.ts": value });
    const view = await viewImports(root, ["core/domain/a.ts"]);
    expect(findProblems(typescriptFiles(root), view)).toEqual([
      "core/domain/b.ts: exists, but the checker did not see it",
    ]);
  });

  test("a checker that sees nothing although files exist", () => {
    const problems = findProblems(["core/domain/a.ts"], { seen: [], violations: [] });
    expect(problems).toContain("the checker saw no module at all: its answer means nothing");
  });

  test("a folder without any TypeScript file", async () => {
    const { problems } = await checkImports(tree({ "README.md": "nothing here" }));
    expect(problems).toContain("no TypeScript file was found: is this the right folder?");
  });
});
