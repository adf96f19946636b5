/** What is written of the control plane's figures: bench/results/control-plane.json and a table of docs/performance.md. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type Setting, settingOf } from "../engine/report.ts";
import { putBetween, table } from "../page.ts";
import type { CreateResult } from "./create.ts";
import type { ListsResult } from "./lists.ts";
import type { RestartResult } from "./restart.ts";
import type { TickResult } from "./tick.ts";
import type { VaultResult } from "./vault.ts";

/** The sections by the names that `--only` takes. */
export interface Sections {
  readonly lists?: ListsResult;
  readonly vault?: VaultResult;
  readonly create?: CreateResult;
  readonly tick?: TickResult;
  readonly restart?: RestartResult;
}
interface Report extends Sections {
  readonly settings: Readonly<Partial<Record<keyof Sections, Setting>>>;
}

const FILE = new URL("../results/control-plane.json", import.meta.url);

/** Puts `sections` in the place of older ones, in both files. @returns the tables */
export function recordFigures(sections: Sections): string {
  const before: Report = existsSync(FILE) ? JSON.parse(readFileSync(FILE, "utf8")) : { settings: {} };
  const setting = settingOf({});
  const settings = Object.fromEntries(Object.keys(sections).map((name) => [name, setting]));
  const report: Report = { ...before, ...sections, settings: { ...before.settings, ...settings } };
  writeFileSync(FILE, `${JSON.stringify(report, undefined, 1)}\n`);
  return putBetween("control-plane", tablesOf(report, setting));
}

type Figure = readonly [what: string, bound: number, atLeast: boolean, value: number | undefined, unit: string];

function tablesOf(report: Report, { date, machine, node, commit }: Setting): string {
  const { lists, vault, create, tick, restart } = report;
  const memory = [lists, vault, create, tick, restart].flatMap((one) => (one === undefined ? [] : [one.peakMib]));
  const figures: readonly Figure[] = [
    ["first page of a list at 1,000,000 backups, of its time at 1,000", 1.2, false, lists?.ratio, "×"],
    ["a vault with 256 resources, to the last byte of its answer, p50", 5, false, vault?.p50Ms, "ms"],
    ["vaults created durably by 16 clients", 300, true, create?.perSecond, "/s"],
    ["a tick over 100,000 policies, 1,000 of them due", 2, false, tick?.seconds, "s"],
    ["restart with 100,000 backups, to the first answered list", 3, false, restart?.median, "s"],
    ["peak memory of the service in all of these", 300, false, Math.max(...memory), "MiB"],
  ];
  const rows = figures.map(([what, bound, atLeast, value, unit]) => {
    const met = value !== undefined && (atLeast ? value >= bound : value <= bound);
    const verdict = value === undefined ? "not measured" : met ? "met" : "**not met**";
    return [what, `${atLeast ? "≥" : "≤"} ${bound} ${unit}`, value === undefined ? "–" : `${value} ${unit}`, verdict];
  });
  const { cpu, cores, memoryGib, kernel, system } = machine;
  return [
    `${date.slice(0, 10)}, ${cpu}, ${cores} cores, ${memoryGib} GiB, ${system}, Linux ${kernel}, Node ${node}, commit ${commit}.`,
    table(["", "target", "measured", ""], rows),
    ...(vault === undefined
      ? []
      : [`The same vault for Node's \`fetch\`, unpacked and parsed: ${vault.fetchedMs} ms.`]),
    ...(lists === undefined ? [] : [pagesTable(lists)]),
  ].join("\n\n");
}

const pagesTable = ({ few, many }: ListsResult): string =>
  table(
    ["first page of 100 backups, ms", "all of the project", "of a vault", "of a resource"],
    [few, many].map((of) => [`at ${of.backups}`, ...[of.all, of.ofVault, of.ofResource].map(String)]),
  );
