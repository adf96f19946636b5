/** A local workflow runner on a SQLite file of its own, for tests: build, reopen as after a crash, throw away. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Manners } from "../../../adapters/local/sqlite/bad-manners.ts";
import { createSqliteRecordStore, type SqliteRecordStore } from "../../../adapters/local/sqlite-records.ts";
import {
  createLocalWorkflows,
  type LocalWorkflows,
  type LocalWorkflowsOptions,
} from "../../../adapters/local/workflows/local-workflows.ts";
import type { Item, JsonObject, RecordStore } from "../../../core/ports/record-store.ts";

type LabOptions = Pick<LocalWorkflowsOptions, "definitions" | "handlers"> & Partial<LocalWorkflowsOptions>;

export interface WorkflowLab {
  readonly records: RecordStore;
  readonly lines: { readonly level: string; readonly text: string }[];
  /** Another runner on the same records: what a new process would build. */
  build(options: LabOptions): LocalWorkflows;
  /** Closes and deletes the records. */
  dispose(): void;
}

/** Opens a lab; `wrap` puts something between the runners and their records, `manners` makes the records misbehave. */
export function openLab(
  wrap: (records: RecordStore) => RecordStore = (records) => records,
  manners?: Manners,
): WorkflowLab {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-workflows-"));
  const store: SqliteRecordStore = createSqliteRecordStore({
    path: join(folder, "records"),
    now: Date.now,
    ...(manners === undefined ? {} : { manners }),
  });
  const records = wrap(store);
  const lines: WorkflowLab["lines"] = [];
  return {
    records,
    lines,
    build: (options) =>
      createLocalWorkflows({ records, now: Date.now, log: (line) => void lines.push(line), ...options }),
    dispose() {
      store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A sleep that takes no time: each call moves the clock that `now` reads. */
export function fakeTime(start = Math.ceil(Date.now() / 1000) * 1000) {
  let time = start;
  const slept: number[] = [];
  return {
    slept,
    now: () => time,
    /** Time-outs (told by their length) never fire; everything else is over at once. */
    sleep: (timeoutMs: number) => (ms: number, signal: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        if (ms === timeoutMs) return signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        slept.push(ms);
        time += ms;
        setImmediate(resolve);
      }),
  };
}

/** The placeholder that a deploy replaces by an ARN. */
export const arn = (name: string): string => `\${${name}}`;

/** A task state of the workflow `backup`; `rest` may change what is said here. */
export const task = (state: string, rest: JsonObject = {}) => ({
  Type: "Task",
  Resource: arn(`backup.${state}`),
  TimeoutSeconds: 60,
  ...rest,
});

/** Everything under one partition key. */
export async function recordsUnder(records: RecordStore, pk: string): Promise<readonly Item[]> {
  return (await records.query({ pk, limit: 1000, consistent: true })).items;
}
