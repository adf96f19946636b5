/**
 * Measures the control plane of the one-machine host, a process of its own with its records on disk:
 *
 *   npm run bench:control-plane [-- --only lists,vault,create,tick,restart] [--work DIR] [--dry]
 *
 * Writes bench/results/control-plane.json and the table of docs/performance.md; `--dry` only prints. The folders with a million
 * backups and with 100,000 policies are made first, by the service's own code; that is not measured. About five minutes.
 */
import { mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { measureCreate } from "./create.ts";
import { measureLists } from "./lists.ts";
import { recordFigures, type Sections } from "./report.ts";
import { measureRestart } from "./restart.ts";
import { measureTick } from "./tick.ts";
import { measureVault } from "./vault.ts";

const SECTIONS = {
  lists: measureLists,
  vault: measureVault,
  create: measureCreate,
  tick: measureTick,
  restart: measureRestart,
} as const;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: Object.keys(SECTIONS).join(",") },
    work: { type: "string", default: join(tmpdir(), "holdfast-bench-control-plane") },
    dry: { type: "boolean", default: false },
  },
});
const wanted = values.only.split(",");
const unknown = wanted.filter((name) => !(name in SECTIONS));
if (unknown.length > 0) {
  process.stderr.write(`--only ${unknown.join(",")}: the sections are ${Object.keys(SECTIONS).join(", ")}\n`);
  process.exit(2);
}

const measured: Record<string, object> = {};
for (const [name, measure] of Object.entries(SECTIONS)) {
  if (!wanted.includes(name)) continue;
  // Below `--work`, not that itself: it is emptied.
  const folder = join(resolve(values.work), "work");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  measured[name] = await measure(folder);
  process.stderr.write(`${name}: ${JSON.stringify(measured[name])}\n`);
  rmSync(folder, { recursive: true, force: true });
}
if (values.dry) process.stdout.write(`${JSON.stringify(measured, undefined, 1)}\n`);
else process.stdout.write(`${recordFigures(measured as Sections)}\n`);
