/** GET operation-logs: which tasks match, newest first (TSK-03). */
import { badField } from "../../domain/fault.ts";
import { providerOfResource } from "../../domain/resource-types.ts";
import type { Task } from "../records/entities.ts";
import { byProject, byResource, byVault, taskKey } from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import { load, tasks } from "../records/tables.ts";
import type { Services } from "../services.ts";
import { type ShownTask, withProgress } from "./show-task.ts";
import {
  createdBetween,
  fromRows,
  listPage,
  type PageAsk,
  type Paged,
  type Partition,
  type Row,
  walkBack,
} from "./walk.ts";

/** Where everything belongs that names no other (cbr-api 5.1). */
const DEFAULT_ENTERPRISE_PROJECT = "0";

export interface TaskFilter {
  readonly ids: readonly string[];
  readonly type?: string | undefined;
  readonly status?: string | undefined;
  readonly providerId?: string | undefined;
  readonly vaultId?: string | undefined;
  /** Any part of the names (S-5). */
  readonly vaultName?: string | undefined;
  readonly resourceId?: string | undefined;
  readonly resourceName?: string | undefined;
  readonly enterpriseProjectId?: string | undefined;
  /** Creation window, inclusive. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** @throws Fault 9900 (more than 10,000 rows to search, unknown marker) */
export async function listTasks(
  s: Services,
  projectId: string,
  filter: TaskFilter,
  ask: PageAsk,
): Promise<Paged<ShownTask>> {
  if (filter.from !== undefined && filter.to !== undefined && filter.from > filter.to)
    badField("start_time", "must not be after end_time");
  const named = filter.ids.length === 0 ? undefined : await Promise.all(filter.ids.map((id) => loadTask(s, id)));
  const page = await listPage<Task>(
    {
      source:
        named === undefined
          ? (after) => newest(s, projectId, filter, after)
          : fromRows(named.filter((task) => task !== undefined)),
      find: (id) => loadTask(s, id),
      keep: (task) => task.projectId === projectId && matches(task, filter),
    },
    ask,
  );
  return { rows: await withProgress(s, page.rows), count: page.count };
}

const loadTask = (s: Services, id: string): Promise<Task | undefined> => load(s.records, tasks, taskKey(id));

async function* newest(
  s: Services,
  projectId: string,
  filter: TaskFilter,
  after: Row | undefined,
): AsyncGenerator<Task> {
  for await (const item of walkBack(s.records, partition(projectId, filter, after))) {
    const task = parseItem(tasks.schema, item);
    if (task.id !== after?.id) yield task;
  }
}

function partition(
  projectId: string,
  { resourceId, vaultId, from, to }: TaskFilter,
  after: Row | undefined,
): Partition {
  const at = after?.createdAt ?? 0;
  const id = after?.id ?? "";
  const place =
    resourceId !== undefined
      ? ({ index: "g3", key: byResource(projectId, resourceId, "T", at, id) } as const)
      : vaultId !== undefined
        ? ({ index: "g2", key: byVault(vaultId, "T", at, id) } as const)
        : ({ index: "g1", key: byProject(projectId, "T", at, id) } as const);
  const created = createdBetween(from, to);
  // The marker's row is inside the window, so it ends the range earlier than the window does.
  const range = after === undefined ? created : { ...created, to: place.key.sk };
  return { index: place.index, pk: place.key.pk, ...(range !== undefined && { range }) };
}

function matches(task: Task, filter: TaskFilter): boolean {
  const { resource } = task;
  return (
    (filter.type === undefined || task.type === filter.type) &&
    (filter.status === undefined || task.status === filter.status) &&
    (filter.providerId === undefined ||
      (resource !== undefined && providerOfResource(resource.type) === filter.providerId)) &&
    (filter.vaultId === undefined || task.vaultId === filter.vaultId) &&
    (filter.vaultName === undefined || (task.vaultName ?? "").includes(filter.vaultName)) &&
    (filter.resourceId === undefined || resource?.id === filter.resourceId) &&
    (filter.resourceName === undefined || (resource?.name ?? "").includes(filter.resourceName)) &&
    (filter.enterpriseProjectId === undefined ||
      (task.enterpriseProjectId ?? DEFAULT_ENTERPRISE_PROJECT) === filter.enterpriseProjectId) &&
    (filter.from === undefined || task.createdAt >= filter.from) &&
    (filter.to === undefined || task.createdAt <= filter.to)
  );
}
