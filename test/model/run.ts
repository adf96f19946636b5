/** Many sequences from one seed, and what to say of the one that fails. */
import fc from "fast-check";
import { play, sequences, Tally } from "./play.ts";
import type { WorldOptions } from "./world.ts";

export interface RunAsk {
  readonly seed: number;
  readonly sequences: number;
  /** Stops beginning new ones after this, in milliseconds. */
  readonly budgetMs: number;
  /** Of one sequence that failed: as it was told. */
  readonly path?: string;
  readonly say?: (text: string) => void;
  /** Tells of the sequence as it failed, not of a shorter one. */
  readonly asFound?: boolean;
  /** A rule that is broken on purpose. */
  readonly spoil?: WorldOptions["spoil"];
}

export interface RunResult {
  readonly tally: Tally;
  /** How the first failing sequence, made as short as was found, fails; undefined = none did. */
  readonly failure: string | undefined;
}

/** Shrinking plays a sequence again for each thing that may be left out: not for ever. */
const SHRINKS_MS = 120_000;

/** The same seed plays the same sequences; what runs side by side in them may take turns differently. */
export async function runModel({
  seed,
  sequences: runs,
  budgetMs,
  path,
  say,
  asFound,
  spoil,
}: RunAsk): Promise<RunResult> {
  const tally = new Tally();
  const began = performance.now();
  let failedAt: number | undefined;
  let last: readonly string[] = [];
  const property = fc.asyncProperty(sequences, fc.nat(), async (actions, worldSeed) => {
    if (failedAt === undefined && performance.now() - began > budgetMs) return;
    if (failedAt !== undefined && performance.now() - failedAt > SHRINKS_MS) return;
    const found = await play(
      actions,
      { seed: worldSeed, ...(spoil && { spoil }) },
      failedAt === undefined ? tally : new Tally(),
    );
    if (failedAt === undefined && tally.sequences % 100 === 0) say?.(`${tally.sequences} sequences`);
    if (found.length === 0) return;
    failedAt ??= performance.now();
    last = found;
    throw new Error(found.join("\n"));
  });
  const { failed, counterexample, counterexamplePath } = await fc.check(property, {
    seed,
    numRuns: runs,
    ...(path !== undefined && { path }),
    endOnFailure: asFound === true,
  });
  if (!failed) return { tally, failure: undefined };
  const [actions, worldSeed] = counterexample ?? [[], 0];
  const failure = [
    ...last,
    `seed ${seed}, path ${counterexamplePath}, world ${worldSeed}; again: npm run test:model -- ${seed} --path ${counterexamplePath}`,
    ...actions.map((action, n) => `  ${n + 1}. ${JSON.stringify(action)}`),
  ].join("\n");
  return { tally, failure };
}
