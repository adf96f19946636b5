/** Does the CDK application synthesise? */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { holdfastApp } from "../../infra/holdfast-app.ts";

test("the application is one stack named Holdfast", () => {
  const outdir = mkdtempSync(join(tmpdir(), "holdfast-synth-"));
  try {
    const { stacks } = holdfastApp({ outdir }).synth();
    expect(stacks.map((stack) => stack.stackName)).toEqual(["Holdfast"]);
    expect(stacks[0]?.template.Resources ?? {}).toEqual({});
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
});
