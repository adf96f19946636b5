/** The model can fail: with one rule of docs/developer/collection.md broken it finds a violation soon. */
import { expect, test } from "vitest";
import { NOTHING_MOVED } from "../../core/engine/relocations.ts";
import "./support-model-mocks.ts";
import { found } from "./support-model-run.ts";

const WITHIN = 2000;

test("the model finds that roots are listed before open runs", { timeout: 120_000 }, async () => {
  const order = ["packs", "roots", "runs", "results", "map"] as const;
  expect(await found({ marks: { order } }, WITHIN)).toMatch(/a look found nothing that refers to/);
});

test("the model finds that results are not looked over again before they count", { timeout: 120_000 }, async () => {
  expect(await found({ rules: { recheck: false } }, WITHIN)).toMatch(/avoided since before it was published/);
});

test("the model finds that pins are ignored", { timeout: 120_000 }, async () => {
  expect(await found({ rules: { pins: false } }, WITHIN)).toMatch(/a restore of .* failed although its run was open/);
});

test("the model finds that marks do not look into the map", { timeout: 120_000 }, async () => {
  expect(await found({ marks: { through: () => NOTHING_MOVED } }, WITHIN)).toMatch(/a look found nothing|is lost/);
});

test("the model finds that the verdict does not wait", { timeout: 120_000 }, async () => {
  expect(await found({ rules: { waits: false } }, WITHIN)).toMatch(/is doomed while .* are open/);
});

test("the model loses data when marks do not look into the map", { timeout: 300_000 }, async () => {
  const marks = { through: () => NOTHING_MOVED };
  expect(await found({ rules: { onlyData: true }, marks }, WITHIN)).toMatch(/is lost|failed|damage/);
});
