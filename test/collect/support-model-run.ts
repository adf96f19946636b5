/** Plays many schedules drawn by fast-check, counts what they were, and says in one line what a failing one was. */
import fc from "fast-check";
import { expect } from "vitest";
import { MARK_RULES, type MarkRules } from "../../core/engine/collect/mark.ts";
import { ALL_RULES, interleave, type Played, template } from "./support-model.ts";
import type { Rules } from "./support-model-world.ts";

/** The cast: which backup, how it changes its disk, what is collected when. The schedule: who makes how many calls, and events. */
const interleaving = fc.tuple(
  fc.array(fc.nat(127), { minLength: 15, maxLength: 15 }),
  fc.array(fc.nat(1023), { minLength: 20, maxLength: 100 }),
);

const SHARES = ["trashed", "moved", "crashed", "sleptAcross"] as const;

/** HOLDFAST_MODEL_RUNS and HOLDFAST_MODEL_SEED ask for longer runs, of other schedules. */
export async function playMany(seed: number, runs: number): Promise<void> {
  const begin = await template();
  const least = { actions: Number.POSITIVE_INFINITY, backups: 9, deletions: 9, collections: 9 };
  const sums = { trashed: 0, moved: 0, crashed: 0, sleptAcross: 0, sealed: 0, failed: 0 };
  const count = (played: Played): void => {
    for (const key of ["actions", "backups", "deletions", "collections"] as const)
      least[key] = Math.min(least[key], played[key]);
    for (const key of SHARES) sums[key] += Number(played[key]);
    sums.sealed += played.sealed;
    sums.failed += played.failed;
  };
  const asked = {
    seed: Number(process.env.HOLDFAST_MODEL_SEED ?? seed),
    numRuns: Number(process.env.HOLDFAST_MODEL_RUNS ?? runs),
  };
  let done = 0;
  await fc.assert(
    fc.asyncProperty(interleaving, async ([cast, schedule]) => {
      count(await interleave(begin, cast, schedule));
      done++;
    }),
    asked,
  );
  const share = (key: (typeof SHARES)[number]): string => `${Math.round((100 * sums[key]) / done)} %`;
  console.log(
    `${done} interleavings (seed ${asked.seed}) of at least ${least.actions} actions. Packs were deleted in ${share("trashed")}, ` +
      `frames moved in ${share("moved")}, somebody was killed in ${share("crashed")}, slept across a verdict in ${share("sleptAcross")}; ` +
      `${sums.sealed} backups stand, ${sums.failed} runs failed or were declared dead`,
  );
  expect(least.actions).toBeGreaterThanOrEqual(12);
  expect(least.backups).toBeGreaterThanOrEqual(2);
  expect(least.deletions).toBeGreaterThanOrEqual(1);
  expect(least.collections).toBeGreaterThanOrEqual(1);
  expect(sums.trashed / done).toBeGreaterThanOrEqual(0.3);
}

/** What the model says first when a rule is broken. @throws when it finds nothing in so many interleavings */
export async function found(
  broken: { readonly rules?: Partial<Rules>; readonly marks?: Partial<MarkRules> },
  within: number,
): Promise<string> {
  const begin = await template();
  const rules = { ...ALL_RULES, ...broken.rules };
  const marks = { ...MARK_RULES, ...broken.marks };
  const result = await fc.check(
    fc.asyncProperty(interleaving, async ([cast, schedule]) => {
      await interleave(begin, cast, schedule, rules, marks);
    }),
    { seed: 5, numRuns: within, endOnFailure: true },
  );
  const { errorInstance: error, numRuns } = result;
  if (!(error instanceof Error)) throw new Error(`nothing found in ${numRuns} interleavings`);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  console.log(`found after ${numRuns} interleavings: ${error.message}${cause}`);
  return error.message;
}
