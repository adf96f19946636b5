/** `npm run test:fuzz -- [seed] [--requests N]`: 100,000 mutated requests, in this process, against the API; prints the statuses. */
import { parseArgs } from "node:util";
import { fuzz } from "./run.ts";

const { values, positionals } = parseArgs({ options: { requests: { type: "string" } }, allowPositionals: true });
const seed = Number(positionals[0] ?? 20_261_130);
const began = performance.now();
const { requests, statuses, authenticated, failures } = await fuzz(
  Number(values.requests ?? 100_000),
  seed,
  (text) => void process.stderr.write(`${text}\r`),
);
const seconds = Math.round((performance.now() - began) / 1000);
process.stdout.write(
  `\nseed ${seed}, ${requests} requests in ${seconds} s, ${Math.round(authenticated * 100)} % past authentication\n`,
);
for (const [status, times] of Object.entries(statuses)) process.stdout.write(`${status}  ${times}\n`);
for (const failure of failures) process.stdout.write(`FAILED ${failure}\n`);
// Below 30 % the mutations would test authentication and little else.
process.exitCode = failures.length === 0 && authenticated >= 0.3 ? 0 : 1;
