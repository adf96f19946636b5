/** One task (operation log) with its progress. */
import { fault } from "../../domain/fault.ts";
import type { Task } from "../records/entities.ts";
import { taskKey, taskProgressKey } from "../records/keys.ts";
import { load, tasks } from "../records/tables.ts";
import type { Services } from "../services.ts";

export interface ShownTask {
  readonly task: Task;
  /** Percent, whole, never falling (TSK-07). */
  readonly progress: number;
}

/** @throws Fault 6500 */
export async function showTask(s: Services, projectId: string, taskId: string): Promise<ShownTask> {
  const task = await load(s.records, tasks, taskKey(taskId));
  if (task === undefined || task.projectId !== projectId)
    return fault("6500", `operation log ${taskId} does not exist`);
  const [shown] = await withProgress(s, [task]);
  return shown ?? { task, progress: 0 };
}

const KEYS_AT_ONCE = 100;

/** The bytes that a task counts while it works, as percent of what it has to do. 100 is for success alone. */
export async function withProgress(s: Services, listed: readonly Task[]): Promise<ShownTask[]> {
  const counted = new Map<string, number>();
  const counting = listed.filter((task) => task.status !== "success" && task.totalBytes !== undefined);
  for (let i = 0; i < counting.length; i += KEYS_AT_ONCE) {
    const some = counting.slice(i, i + KEYS_AT_ONCE);
    const items = await s.records.getMany(some.map(({ id }) => taskProgressKey(id)));
    some.forEach(({ id }, n) => {
      counted.set(id, items[n]?.counters?.bytes ?? 0);
    });
  }
  return listed.map((task) => ({ task, progress: percent(task, counted.get(task.id) ?? 0) }));
}

function percent({ status, totalBytes }: Task, bytes: number): number {
  if (status === "success") return 100;
  if (totalBytes === undefined || totalBytes <= 0) return 0;
  // A unit that was done twice counts twice; the last percent is the proof at the end.
  return Math.max(0, Math.min(99, Math.floor((100 * bytes) / totalBytes)));
}
