/**
 * The long run: `npm run test:chaos [seed]` kills the service of one machine at more than fifty moments (`kill-50.ts`), then does random
 * histories on stores until 10,000 faults were injected, and prints tables of what became of them. Ends with 1 when a promise did not hold.
 * `--store` leaves the service out; `--history KIND:SEED` runs one history of a store again.
 */
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import type { FromRunner, ToRunner } from "./store-run.ts";
import { Tally } from "./store-tally.ts";

const FAULTS = 10_000;
/** At most so long, on machines that are slow or busy. */
const MINUTES = 60;

const { values, positionals } = parseArgs({
  options: { store: { type: "boolean" }, history: { type: "string" }, faults: { type: "string" } },
  allowPositionals: true,
});
const seed = Number(positionals[0] ?? 20_261_122);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function serviceKills(): Promise<boolean> {
  const child = spawn(
    process.execPath,
    [...process.execArgv, new URL("kill-50.ts", import.meta.url).pathname, String(seed)],
    {
      stdio: "inherit",
    },
  );
  const [code] = await once(child, "exit");
  return code === 0;
}

/** Two processes, each with histories of its own. */
async function storeFaults(wanted: number): Promise<boolean> {
  const runners = Math.max(2, Math.min(4, availableParallelism()));
  const began = performance.now();
  say(`\nStores: seed ${seed}, ${runners} processes`);
  const tally = new Tally();
  const failures: string[] = [];
  let reported = began;
  await Promise.all(
    Array.from({ length: runners }, async (_, at) => {
      const runner = fork(new URL("store-run.ts", import.meta.url));
      const exit = once(runner, "exit");
      runner.on("message", ({ counts, failure }: FromRunner) => {
        if (counts !== undefined) tally.merge(counts);
        if (failure !== undefined) failures.push(failure);
        if (failure !== undefined) say(failure);
        const now = performance.now();
        if (now - reported > 60_000) say(`${tally.total} faults after ${Math.round((now - began) / 60_000)} minutes`);
        if (now - reported > 60_000) reported = now;
        if (runner.connected && (tally.total >= wanted || failures.length > 3)) runner.send({ stop: true });
      });
      const ask: ToRunner = { seed: seed + at * 100_000, minutes: MINUTES, kills: Math.ceil(320 / runners) };
      runner.send(ask);
      const [code] = await exit;
      if (code !== 0) failures.push(`a runner ended with ${String(code)}`);
    }),
  );
  say(`\n${tally.text()}\nSeed ${seed}; ${Math.round((performance.now() - began) / 1000)} s.`);
  if (tally.total < wanted) say(`fewer faults than the ${wanted} that were wanted`);
  return failures.length === 0 && tally.total >= wanted;
}

if (values.history !== undefined) {
  const { oneHistory } = await import("./store-run.ts");
  const tally = new Tally();
  await oneHistory(values.history, tally);
  say(tally.text());
} else {
  const service = values.store === true || (await serviceKills());
  const store = await storeFaults(Number(values.faults ?? FAULTS));
  process.exitCode = service && store ? 0 : 1;
}
