/** A share of the model-based test (docs/developer/crash-tests.md): do random calls, ticks, crashes and restarts leave anything that must not be? */
import { expect, test } from "vitest";
import { runModel } from "./run.ts";

/** Another one by HOLDFAST_MODEL_SEED. Always the same by default: what turns red was changed, not drawn. */
const seed = Number(process.env.HOLDFAST_MODEL_SEED ?? 20_300_301);

test("any sequence of calls, ticks, crashes and restarts keeps claims, counts, ledger and states right", {
  timeout: 240_000,
}, async () => {
  const { tally, failure } = await runModel({ seed, sequences: 40, budgetMs: 180_000 });
  process.stdout.write(`model: seed ${seed}; ${tally.text}\n`);
  expect(failure).toBeUndefined();
  expect(tally.never).toEqual([]);
});
