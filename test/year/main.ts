/** The whole year: `npm run test:year -- [seed] [--vaults N] [--days N]`, a thousand vaults for 365 days; ends with 1 when a point or a backup is wrong. */
import { parseArgs } from "node:util";
import { settleAccounts } from "./accounts.ts";
import { runYear } from "./simulation.ts";

const { values, positionals } = parseArgs({
  options: { vaults: { type: "string" }, days: { type: "string" } },
  allowPositionals: true,
});
const seed = Number(positionals[0] ?? 20_300_101);
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const began = performance.now();
say(`seed ${seed}`);
const year = await runYear({ seed, vaults: Number(values.vaults ?? 1_000), days: Number(values.days ?? 365), say });
const played = performance.now();
const { problems, ...accounts } = await settleAccounts(year, { fatesAVault: 5 });
year.world.end();
const { ticks, tickMs, ...figures } = year.figures;
const points = Object.values(accounts.states).reduce((sum, n) => sum + n, 0);
say(JSON.stringify({ points, ...accounts, ...figures, ticks }, undefined, 1));
say(
  `${Math.round((played - began) / 1000)} s, of which ticks ${Math.round(tickMs / 1000)} s; accounts ${Math.round((performance.now() - played) / 1000)} s`,
);
for (const problem of problems.slice(0, 30)) say(problem);
if (problems.length > 0) say(`FAILED: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
