/** GET holdfast/audit: which traces match, newest first. Hours that have none are not looked into. */
import { badField } from "../../domain/fault.ts";
import type { RecordStore } from "../../ports/record-store.ts";
import { createdBetween, listPage, type PageAsk, type Paged, type Row } from "../lists/walk.ts";
import {
  auditPk,
  hourOf,
  hourOfLabel,
  OPEN_HOURS,
  OpenHour,
  SEALED_HOURS,
  SealedHour,
  Trace,
  traceKey,
} from "../records/audit.ts";
import { parseItem } from "../records/record.ts";
import { listAll } from "../records/tables.ts";
import type { RecordServices } from "../services.ts";
import { walkRows, walkTraces } from "./walk-traces.ts";

export interface TraceFilter {
  /** Creation window, inclusive. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Id or name of who asked. */
  readonly user?: string | undefined;
  readonly event?: string | undefined;
  readonly resourceType?: string | undefined;
  readonly resourceId?: string | undefined;
  readonly outcome?: string | undefined;
  readonly requestId?: string | undefined;
}

type TraceRow = Row & { readonly trace: Trace };
const asRow = (trace: Trace): TraceRow => ({ id: trace.id, createdAt: trace.at, trace });

/** @throws Fault 9900 (more than 10,000 rows to search, unknown marker) */
export async function listTraces(
  s: RecordServices,
  projectId: string,
  filter: TraceFilter,
  ask: PageAsk,
): Promise<Paged<Trace>> {
  if (filter.from !== undefined && filter.to !== undefined && filter.from > filter.to)
    badField("start_time", "must not be after end_time");
  const { rows, count } = await listPage<TraceRow>(
    {
      source: (after) => newest(s.records, projectId, filter, after),
      find: (id) => findTrace(s.records, projectId, id),
      keep: ({ trace }) => matches(trace, filter),
    },
    ask,
  );
  return { rows: rows.map(({ trace }) => trace), count };
}

async function* newest(
  records: RecordStore,
  projectId: string,
  { from, to }: TraceFilter,
  after: Row | undefined,
): AsyncGenerator<TraceRow> {
  const until = Math.min(to ?? Number.MAX_SAFE_INTEGER, after?.createdAt ?? Number.MAX_SAFE_INTEGER);
  const last = until === Number.MAX_SAFE_INTEGER ? undefined : until;
  const range = createdBetween(from, last);
  const first = from === undefined ? "" : hourOf(from);
  for await (const labels of hoursNewestFirst(records, projectId, first, last === undefined ? "~" : hourOf(last)))
    for await (const item of walkTraces(records, projectId, labels, { forward: false, range })) {
      const row = asRow(parseItem(Trace, item));
      // The marker's own millisecond is read again, and what came before it in the list is left out.
      if (after === undefined || row.createdAt < after.createdAt || row.id < after.id) yield row;
    }
}

/** The labels of one hour after the other; `first` and `last` are hours, both included. */
async function* hoursNewestFirst(
  records: RecordStore,
  projectId: string,
  first: string,
  last: string,
): AsyncGenerator<readonly string[]> {
  const pk = auditPk(projectId);
  // Hours that are open are few: the tick seals them.
  const open = (await listAll(records, OpenHour, pk, OPEN_HOURS))
    .map(({ label }) => label)
    .filter((label) => hourOfLabel(label) >= first && hourOfLabel(label) <= last)
    .reverse();
  // "~" stands between an hour's labels and the next hour's.
  const range = { from: `${SEALED_HOURS}${first}`, to: `${SEALED_HOURS}${last}~~` };
  let group: string[] = [];
  const labels = (async function* () {
    for await (const item of walkRows(records, pk, { forward: false, range })) {
      const { label, count } = parseItem(SealedHour, item);
      while (open[0] !== undefined && open[0] > label) yield open.shift() ?? "";
      if (count > 0) yield label;
    }
    yield* open;
  })();
  for await (const label of labels) {
    if (group[0] !== undefined && hourOfLabel(group[0]) !== hourOfLabel(label)) {
      yield group;
      group = [];
    }
    group.push(label);
  }
  if (group.length > 0) yield group;
}

/** An id begins with its time, which is almost all of its place. */
async function findTrace(records: RecordStore, projectId: string, id: string): Promise<TraceRow | undefined> {
  const at = /^\d{13}-[^#]{1,12}$/.test(id) ? Number(id.slice(0, 13)) : Number.NaN;
  if (Number.isNaN(at)) return undefined;
  const hour = hourOf(at);
  for await (const labels of hoursNewestFirst(records, projectId, hour, hour))
    for (const label of labels) {
      const item = await records.get(traceKey(projectId, label, at, id), { consistent: true });
      if (item !== undefined) return asRow(parseItem(Trace, item));
    }
  return undefined;
}

function matches({ user, event, resource, outcome, requestId }: Trace, filter: TraceFilter): boolean {
  return (
    (filter.user === undefined || user?.id === filter.user || user?.name === filter.user) &&
    (filter.event === undefined || event === filter.event) &&
    (filter.resourceType === undefined || resource.type === filter.resourceType) &&
    (filter.resourceId === undefined || resource.id === filter.resourceId) &&
    (filter.outcome === undefined || outcome === filter.outcome) &&
    (filter.requestId === undefined || requestId === filter.requestId)
  );
}
