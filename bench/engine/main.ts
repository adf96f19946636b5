/**
 * Measures the engine beside restic, borg and casync on real images:
 *
 *   npm run bench:engine -- IMAGES_DIR [--rounds N] [--only images,churn,clones,huge,service] [--programs holdfast,restic]
 *                           [--work DIR] [--holdfast CLI/BIN.JS] [--dry]
 *
 * IMAGES_DIR holds v1.img, v2.img and v2.changed (bench/make-images.sh). Programs that are not installed are left out, which the
 * results say. Writes bench/results/engine.json and the tables of docs/performance.md, where it says how things are measured;
 * `--dry` only prints. All sections take about 40 minutes and some 40 GB in the work folder, which is removed at the end.
 */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundleCli } from "../../tools/bundle-cli.ts";
import { measureChurn } from "./churn.ts";
import { measureClones } from "./clones.ts";
import { emptyFolder } from "./folders.ts";
import { measureHuge } from "./huge.ts";
import { measureImages } from "./images.ts";
import { say } from "./measure.ts";
import { OURS } from "./program.ts";
import { allPrograms, entryOf, presence } from "./programs.ts";
import { record, type Sections, settingOf } from "./report.ts";
import { measureService } from "./service.ts";
import { writeTables } from "./table.ts";

const NAMES = ["images", "churn", "clones", "huge", "service"] as const;
type Name = (typeof NAMES)[number];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "3" },
    only: { type: "string", default: NAMES.join(",") },
    programs: { type: "string" },
    work: { type: "string", default: join(tmpdir(), "holdfast-bench-engine") },
    holdfast: { type: "string" },
    dry: { type: "boolean", default: false },
  },
});
const images = resolve(positionals[0] ?? "");
const rounds = Number(values.rounds);
const wanted = values.only.split(",");
const unknown = wanted.filter((name) => !NAMES.includes(name as Name));
if (positionals.length !== 1) fail("name one folder of images: npm run bench:engine -- IMAGES_DIR");
if (!Number.isInteger(rounds) || rounds < 1) fail("--rounds must be a whole number from 1 on");
if (unknown.length > 0) fail(`--only ${unknown.join(",")}: the sections are ${NAMES.join(", ")}`);
for (const name of ["v1.img", "v2.img", "v2.changed"])
  if (!existsSync(join(images, name))) fail(`${join(images, name)} is missing: make it with bench/make-images.sh`);

const entry = entryOf(values.holdfast);
// As `npm ci` leaves it: a checkout that was edited since starts from its sources.
if (values.holdfast === undefined) await bundleCli();
const chosen = allPrograms(entry).filter(({ name }) => values.programs?.split(",").includes(name) ?? true);
const found = chosen.map((program) => ({ program, ...presence(program) }));
const about = found.map((one) => {
  const text = "version" in one ? `${one.version}, ${one.program.settings}` : `not measured: ${one.missing}`;
  say(`${one.program.name}: ${text}`);
  return [one.program.name, text] as const;
});
const programs = found.filter((one) => "version" in one).map(({ program }) => program);
const haveOurs = programs.some(({ name }) => name === OURS);

/** The work folder is below `--work`, not that itself: it is emptied. */
const work = emptyFolder(join(resolve(values.work), "work"));
const measured: Sections = {
  ...(wanted.includes("images") ? { images: await measureImages(images, work, programs, rounds) } : {}),
  ...(wanted.includes("churn") && haveOurs ? { churn: await measureChurn(images, emptyFolder(work), entry) } : {}),
  ...(wanted.includes("clones") && haveOurs ? { clones: measureClones(images, emptyFolder(work), entry) } : {}),
  ...(wanted.includes("huge") ? { huge: measureHuge(emptyFolder(work)) } : {}),
  ...(wanted.includes("service") && haveOurs
    ? { service: await measureService(images, emptyFolder(work), entry, rounds) }
    : {}),
};
await rm(work, { recursive: true, force: true });
const setting = settingOf(Object.fromEntries(about));
if (values.dry) process.stdout.write(`${JSON.stringify({ setting, ...measured }, undefined, 1)}\n`);
else process.stdout.write(`${writeTables(record(measured, setting))}\n`);

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
