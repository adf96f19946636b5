/** Does `npm run check` really lint? `biome migrate` once wrote a configuration that switched every rule off. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

test("an unused variable, an any and a debugger statement are red under our configuration", () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-lint-"));
  try {
    copyFileSync(join(root, "biome.json"), join(folder, "biome.json"));
    writeFileSync(
      join(folder, "bad.ts"),
      "const unused = 1;\nexport const y = (x: any) => {\n  debugger;\n  return x;\n};\n",
    );
    const biome = join(root, "node_modules/.bin/biome");
    const { status, stdout, stderr } = spawnSync(biome, ["check", "--error-on-warnings", "."], { cwd: folder });
    expect(status).toBe(1);
    for (const rule of ["noUnusedVariables", "noExplicitAny", "noDebugger"])
      expect(`${stdout}${stderr}`).toContain(rule);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
