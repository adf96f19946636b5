/** `holdfast store gc` and `compact`: what goes, and why. */

import type { PackDecision, Tally } from "../../core/ports/collection.ts";
import { collectStore, compactStore } from "../../local/store/collect.ts";
import { CommandFailed } from "../failure.ts";
import { formatBytes, formatTable } from "../text.ts";
import type { StoreCall } from "./call.ts";
import { flag, number, onStore, print } from "./session.ts";

export async function run(call: StoreCall): Promise<void> {
  const dryRun = flag(call, "dry-run");
  await onStore(call, { threads: false, frees: true }, async ({ store, plane }) => {
    const { report, roots, read, purged } = await collectStore(store, plane, { dryRun });
    const lines = [decisions(report.decisions.filter(({ verdict }) => verdict !== "keep"))];
    if (roots.length > 0) lines.push(`deleted backups that go: ${roots.join(", ")}`);
    if (read.length > 0) lines.push(`deleted backups that are still read: ${read.join(", ")}`);
    for (const [verdict, tally] of Object.entries(report.totals))
      if (tally.packs > 0) lines.push(`${verdict}: ${count(tally)}`);
    if (report.movable.packs > 0)
      lines.push(`mostly dead: ${count(report.movable)}; "holdfast store compact" empties them`);
    if (report.held !== undefined) lines.push(`nothing was decided: ${report.held}`);
    if (report.missing.length > 0) lines.push(`missing, which is damage: ${report.missing.join(", ")}`);
    lines.push(
      dryRun
        ? "dry run: nothing was changed"
        : `${report.trashed} ${report.trashed === 1 ? "object" : "objects"} moved to the trash, ${formatBytes(purged)} gone from it for good`,
    );
    const value = { dry_run: dryRun, roots, read, purged, ...report };
    print(call, value, lines.filter((line) => line !== "").join("\n"));
    if (report.missing.length > 0) throw new CommandFailed("packs are missing: run holdfast store verify");
  });
}

export async function runCompact(call: StoreCall): Promise<void> {
  const dryRun = flag(call, "dry-run");
  const percent = number(call, "below");
  await onStore(call, { threads: false }, async ({ store, plane }) => {
    const below = percent === undefined ? undefined : percent / 100;
    const report = await compactStore(store, plane, { dryRun, below });
    const lines = [decisions(report.candidates)];
    for (const { object, reason } of report.damaged) lines.push(`damaged: ${object}: ${reason}`);
    if (report.held !== undefined) lines.push(`nothing was moved: ${report.held}`);
    lines.push(
      dryRun
        ? `dry run: ${report.candidates.length} packs would be emptied`
        : `${report.emptied} packs emptied, ${report.frames} frames moved, ${formatBytes(report.written)} written; gc frees the old packs`,
    );
    print(call, { dry_run: dryRun, ...report }, lines.filter((line) => line !== "").join("\n"));
    if (report.damaged.length > 0) throw new CommandFailed("some packs are damaged: run holdfast store verify");
  });
}

const count = ({ packs, bytes }: Tally): string => `${packs} ${packs === 1 ? "pack" : "packs"}, ${formatBytes(bytes)}`;

/** A long plan is summed up for people below it; --json has all of it. */
const MOST_ROWS = 50;

function decisions(all: readonly PackDecision[]): string {
  if (all.length === 0) return "";
  const rows = all.slice(0, MOST_ROWS);
  const more = all.length > rows.length ? `\n… and ${all.length - rows.length} more (--json shows all)` : "";
  return `${table(rows)}${more}`;
}

function table(rows: readonly PackDecision[]): string {
  return formatTable(
    ["PACK", "SIZE", "LIVE", "VERDICT", "REASON"],
    rows.map(({ pack, size, live, verdict, reason }) => [
      pack,
      formatBytes(size),
      live === undefined ? "-" : `${Math.round(live * 100)} %`,
      verdict,
      reason,
    ]),
  );
}
