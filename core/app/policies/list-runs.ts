/** GET holdfast/runs: what should have run and what became of it, newest first. */
import { badField } from "../../domain/fault.ts";
import { isLate } from "../../domain/schedule.ts";
import type { RUN_STATES } from "../../domain/statuses.ts";
import {
  createdBetween,
  listPage,
  type PageAsk,
  type Paged,
  type Partition,
  type Row,
  walkBack,
} from "../lists/walk.ts";
import { parseItem } from "../records/record.ts";
import { runsOfPolicy, runsOfProject, ScheduledRun, scheduledRunKey } from "../records/scheduled-runs.ts";
import type { RecordServices } from "../services.ts";

type RunState = (typeof RUN_STATES)[number];

export interface ShownRun extends Row {
  readonly run: ScheduledRun;
  readonly state: RunState;
}

export interface RunFilter {
  readonly vaultId?: string | undefined;
  readonly policyId?: string | undefined;
  readonly state?: RunState | undefined;
  /** Window of the points, inclusive. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** @throws Fault 9900 (more than 10,000 rows to search) */
export async function listRuns(
  s: RecordServices,
  projectId: string,
  filter: RunFilter,
  ask: PageAsk,
): Promise<Paged<ShownRun>> {
  if (filter.from !== undefined && filter.to !== undefined && filter.from > filter.to)
    badField("start_time", "must not be after end_time");
  const now = s.now();
  return listPage<ShownRun>(
    {
      source: () => newest(s, projectId, filter, now),
      find: async () => undefined,
      keep: ({ run, state }) =>
        run.projectId === projectId &&
        (filter.vaultId === undefined || run.vaultId === filter.vaultId) &&
        (filter.policyId === undefined || run.policyId === filter.policyId) &&
        (filter.state === undefined || state === filter.state),
    },
    ask,
  );
}

async function* newest(s: RecordServices, projectId: string, filter: RunFilter, now: number): AsyncGenerator<ShownRun> {
  for await (const item of walkBack(s.records, partition(projectId, filter))) {
    const run = parseItem(ScheduledRun, item);
    const late = run.state === "expected" && (run.toldAt !== undefined || isLate(run.plannedAt, now));
    yield { id: item.sk, createdAt: run.nominal, run, state: late ? "late" : run.state };
  }
}

/** The narrowest: a vault's runs stand in the table itself, a policy's and a project's in indexes. */
function partition(projectId: string, { vaultId, policyId, from, to }: RunFilter): Partition {
  const range = createdBetween(from, to);
  const of =
    vaultId !== undefined
      ? { pk: scheduledRunKey({ vaultId, operationType: "backup", policyId: "", nominal: 0 }).pk }
      : policyId !== undefined
        ? ({ index: "g2", pk: runsOfPolicy(policyId, 0, "").pk } as const)
        : ({ index: "g1", pk: runsOfProject(projectId, 0, "").pk } as const);
  return { ...of, ...(range !== undefined && { range }) };
}
