/** How many faults of which kind came to what end? */

/**
 * - `done`: the command succeeded all the same. `refused`: it failed, in words.
 * - `killed`: the process ended there, and was not heard.
 * - `named`: verification found the damage. `harmless`: no backup needs it. `unseen`: it was not found, and all backups are right.
 */
export type Ending = "done" | "refused" | "killed" | "named" | "harmless" | "unseen";
const ENDINGS: readonly Ending[] = ["done", "refused", "killed", "named", "harmless", "unseen"];

type Counts = Record<string, Partial<Record<Ending, number>>>;

/** A tally as plain data. */
export type Counted = Pick<Tally, "counts" | "histories" | "acts" | "backups" | "restores">;

export class Tally {
  readonly counts: Counts = {};
  histories = 0;
  acts = 0;
  backups = 0;
  restores = 0;

  add(kind: string, ending: Ending, times = 1): void {
    this.counts[kind] ??= {};
    const row = this.counts[kind];
    row[ending] = (row[ending] ?? 0) + times;
  }
  merge(other: Counted): void {
    for (const [kind, row] of Object.entries(other.counts))
      for (const [ending, times] of Object.entries(row)) this.add(kind, ending as Ending, times);
    for (const field of ["histories", "acts", "backups", "restores"] as const) this[field] += other[field];
  }
  get total(): number {
    return Object.values(this.counts).reduce((sum, row) => sum + totalOf(row), 0);
  }
  get killed(): number {
    return Object.values(this.counts).reduce((sum, { killed = 0 }) => sum + killed, 0);
  }
  /** A table in Markdown. */
  text(): string {
    const rows = Object.entries(this.counts)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([kind, row]) => `| ${kind} | ${totalOf(row)} | ${ENDINGS.map((ending) => row[ending] ?? 0).join(" | ")} |`);
    return [
      `| fault | all | ${ENDINGS.join(" | ")} |`,
      `| --- | --- | ${ENDINGS.map(() => "---").join(" | ")} |`,
      ...rows,
      `\n${this.total} faults in ${this.histories} histories: ${this.acts} commands, ${this.backups} backups acknowledged, ` +
        `${this.restores} restores compared.`,
    ].join("\n");
  }
}

const totalOf = (row: Counts[string]): number => Object.values(row).reduce((sum, times) => sum + times, 0);
