/**
 * The long run: `npm run test:model -- [seed] [--sequences N] [--minutes N] [--path P] [--as-found]` plays 2,000 sequences, prints how often each
 * action had an effect, and ends with 1 when something was wrong or an action never had one. `--path` plays the one that failed;
 * `--as-found` makes it no shorter.
 */
import { parseArgs } from "node:util";
import { runModel } from "./run.ts";

const { values, positionals } = parseArgs({
  options: {
    sequences: { type: "string" },
    minutes: { type: "string" },
    path: { type: "string" },
    "as-found": { type: "boolean" },
  },
  allowPositionals: true,
});
const seed = Number(positionals[0] ?? Date.now() % 2 ** 31);
const say = (text: string): void => void process.stdout.write(`${text}\n`);
say(`seed ${seed}`);
const began = performance.now();
const { tally, failure } = await runModel({
  seed,
  sequences: Number(values.sequences ?? 2_000),
  budgetMs: Number(values.minutes ?? 60) * 60_000,
  ...(values.path !== undefined && { path: values.path }),
  asFound: values["as-found"] === true,
  say,
});
say(tally.text);
say(`${Math.round((performance.now() - began) / 1000)} s`);
if (failure !== undefined) say(`\nFAILED\n${failure}`);
else if (values.path === undefined && tally.never.length > 0) say(`\nnever had an effect: ${tally.never.join(", ")}`);
process.exitCode = failure === undefined && (values.path !== undefined || tally.never.length === 0) ? 0 : 1;
