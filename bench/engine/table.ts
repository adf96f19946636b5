/** How does a report read? Writes its tables between the markers of docs/performance.md. */
import { putBetween, table } from "../page.ts";
import type { ImagesResult, Operation } from "./images.ts";
import { LIMITED } from "./limits.ts";
import { OURS } from "./program.ts";
import type { Report, Setting } from "./report.ts";
import { isMet, peak, type Target, targetsOf } from "./targets.ts";

/** Puts the tables of `report` into the page. @throws Error when its markers are gone */
export const writeTables = (report: Report): string => putBetween("engine", tablesOf(report));

function tablesOf(report: Report): string {
  const { images, settings } = report;
  return [
    "### Targets",
    table(["", "target", "measured", "a program at this machine's limit", ""], targetsOf(report).map(targetRow)),
    ...(images === undefined ? [] : imagesTables(images, settings.images)),
    ...otherTables(report),
  ].join("\n\n");
}

function targetRow(target: Target): string[] {
  const { what, value, bound, atLeast, unit, atLimit } = target;
  const shown = (number: number | undefined): string => (number === undefined ? "–" : `${number} ${unit}`.trim());
  const verdict = value === undefined ? "not measured" : isMet(target) ? "met" : "**not met**";
  return [what, `${atLeast ? "≥" : "≤"} ${shown(bound)}`, shown(value), shown(atLimit), verdict];
}

const HEADINGS: readonly (readonly [Operation, string])[] = [
  ["full", "full (v1)"],
  ["incremental", "incremental (v2)"],
  ["incremental-list", "… by change list"],
  ["restore", "restore to file"],
  ["restore-read-back", "… read back"],
  ["verify", "verify all data"],
];

function imagesTables(images: ImagesResult, setting: Setting | undefined): string[] {
  const programs = Object.keys(images.medians);
  const walls = (name: string, operation: Operation): string => {
    const all = images.samples.filter((one) => one.program === name && one.operation === operation);
    const median = images.medians[name]?.[operation]?.wall;
    if (median === undefined) return "–";
    const seconds = all.map(({ wall }) => wall);
    return `${median.toFixed(2)} [${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)}]`;
  };
  const limits = images.limits as Readonly<Partial<Record<Operation, number>>>;
  return [
    `### Seconds, median of ${images.rounds} rounds [least–most]`,
    setting === undefined ? "" : settingLine(setting),
    table(
      ["", ...HEADINGS.map(([, heading]) => heading)],
      [
        ...programs.map((name) => [name, ...HEADINGS.map(([operation]) => walls(name, operation))]),
        ["limit of this machine", ...HEADINGS.map(([operation]) => limits[operation]?.toFixed(2) ?? "–")],
      ],
    ),
    "### Processor seconds, memory and storage",
    table(
      ["", "full, CPU s", "incremental, CPU s", "restore, CPU s", "peak MiB", "stored v1, MiB", "v2 adds, MiB", "F"],
      programs.map((name) => {
        const cpu = (operation: Operation): string => images.medians[name]?.[operation]?.cpu.toFixed(2) ?? "–";
        const kept = images.kept[name];
        const level3 = kept?.afterV1Level3 === undefined ? "" : ` (level 3: ${kept.afterV1Level3.toFixed(0)})`;
        return [
          name,
          ...[cpu("full"), cpu("incremental"), cpu("restore")],
          String(Math.round(peak(images, name) ?? 0)),
          `${kept?.afterV1.toFixed(0)}${level3}`,
          `${kept?.v2.toFixed(1)}`,
          `${images.shares[name]?.toFixed(2)}`,
        ];
      }),
    ),
    "### Calibration, GB/s of two threads",
    table(
      Object.keys(images.calibrations[0] ?? {}),
      images.calibrations.map((rates) => Object.values(rates).map((rate) => rate.toFixed(2))),
    ),
    `F is taken over ${LIMITED.join(", ")}; a program without change lists counts its incremental twice.`,
  ];
}

function settingLine({ date, machine, node, commit, programs }: Setting): string {
  const { cpu, cores, memoryGib, kernel, system } = machine;
  const names = Object.entries(programs).map(([name, about]) => `- ${name}: ${about}`);
  const head = `${date.slice(0, 10)}, ${cpu}, ${cores} cores, ${memoryGib} GiB, ${system}, Linux ${kernel}, Node ${node}, commit ${commit}.`;
  return `${head}\n\n${names.join("\n")}`;
}

function otherTables({ churn, clones, huge, service }: Report): string[] {
  const lines: string[] = [];
  if (churn !== undefined) {
    const [all, collected, compacted] = churn.physicalMib;
    lines.push(
      `**${churn.versions} daily versions of a ${churn.diskMib} MiB disk** (a day changes ${churn.changedAt64K} % at 64 KiB, ` +
        `${churn.changedAt512K} % at 512 KiB): ${all} MiB stored; after deleting all but ${churn.kept} and collecting ` +
        `${collected} MiB; after compaction ${compacted} MiB, of which ${churn.liveMib} MiB are live frames. ` +
        `A new store with only those ${churn.kept} has ${churn.newStoreMib} MiB (${churn.ratioToNewStore} ×). Restore: ` +
        `${churn.restoreSecondsPerGib.join(" and ")} s a GiB of data for the first and the last.`,
    );
  }
  if (clones !== undefined) {
    lines.push(
      `**${clones.servers} clones of a ${clones.diskMib} MiB disk, each changed**: ${clones.storedMib.join(", ")} MiB ` +
        `stored after each; exact block dedup would take ${clones.exactMib} MiB.`,
    );
  }
  if (huge !== undefined) {
    const { full, changed, unchanged } = huge.seconds;
    lines.push(
      `**A disk of ${huge.tib} TiB, almost empty**: first backup ${full} s, one with ${huge.changedLeaves} changed leaves ${changed} s, one without ` +
        `changes ${unchanged} s; root ${huge.rootMib} MiB, memory ${huge.peakMib} MiB.`,
    );
  }
  if (service !== undefined) {
    const pairs = (all: ServicePairs): string => all.map(([through, apart]) => `${through} / ${apart}`).join(", ");
    lines.push(
      `**Through the service / by \`${OURS} store backup\`, seconds, each round**: full ${pairs(service.full)}; ` +
        `incremental ${pairs(service.incremental)}.`,
    );
  }
  return lines.length === 0 ? [] : ["### Churn, clones, service", ...lines];
}

type ServicePairs = readonly (readonly [number, number])[];
