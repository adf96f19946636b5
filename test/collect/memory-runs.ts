/** The runs of a repository in memory, as a test opens and closes them. */
import { randomUUID } from "node:crypto";
import type { RepositoryRuns, RunSeen } from "../../core/ports/collection.ts";

export interface MemoryRuns extends RepositoryRuns {
  readonly running: Map<string, RunSeen>;
  readonly published: Map<string, Uint8Array[]>;
  readonly noted: Map<number, readonly string[]>;
  /** Called before each question: throws, waits, or lets something happen in between. */
  before: (question: string) => void | Promise<void>;
  /** Opens a run of a test's own. */
  begin(kind?: RunSeen["kind"], pins?: readonly string[]): RunSeen;
  /** Publishes a result of it. */
  publish(run: RunSeen, payload: Uint8Array): void;
  end(run: RunSeen): void;
}

export function createMemoryRuns(): MemoryRuns {
  const running = new Map<string, RunSeen>();
  const published = new Map<string, Uint8Array[]>();
  const noted = new Map<number, readonly string[]>();
  const runs: MemoryRuns = {
    running,
    published,
    noted,
    before: () => undefined,
    begin(kind = "backup", pins = []) {
      const run = { id: randomUUID(), kind, pins };
      running.set(run.id, run);
      return run;
    },
    publish(run, payload) {
      published.set(run.id, [...(published.get(run.id) ?? []), payload]);
    },
    end: (run) => void running.delete(run.id),
    async open() {
      await runs.before("open");
      return [...running.values()];
    },
    async *results(run) {
      await runs.before("results");
      if (running.has(run.id)) yield* published.get(run.id) ?? [];
    },
    async openMove() {
      await runs.before("openMove");
      return runs.begin("move");
    },
    async publishMove(run, payload) {
      await runs.before("publishMove");
      runs.publish(run, payload);
    },
    async closeMove(run) {
      await runs.before("closeMove");
      runs.end(run);
    },
    async guard() {
      await runs.before("guard");
    },
    waits: async () => new Map(noted),
    async noteWaits(epoch, ids) {
      await runs.before("noteWaits");
      if (!noted.has(epoch)) noted.set(epoch, ids);
    },
    async forgetWaits(epoch) {
      noted.delete(epoch);
    },
  };
  return runs;
}
