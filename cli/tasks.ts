/** How does a task (operation log) stand? */
import { type Client, type Row, rowOf, rowsOf } from "./client.ts";
import { cell } from "./text.ts";
import type { Look } from "./waiting.ts";

const ENDED = ["success", "failed", "timeout", "skipped"];

/** Tasks that one look takes in: more than the members of a checkpoint (256) and their neighbours. */
const LOOKED_AT = 1000;

/** Progress in percent; undefined when the task does not say. */
export function taskPercent(task: Row): number | undefined {
  const common = memberOf(memberOf(task, "extra_info"), "common");
  return typeof common.progress === "number" ? common.progress : undefined;
}

/** Why a task failed, in one line; undefined when it did not. */
export function taskError(task: Row): string | undefined {
  if (task.status === "success" || !ENDED.includes(String(task.status))) return undefined;
  const { code, message } = memberOf(task, "error_info");
  const why = [code, message].filter((part) => typeof part === "string" && part !== "").join(": ");
  return `${cell(task.operation_type)} ${cell(task.status)}${why === "" ? "" : `: ${cell(why)}`}`;
}

/** An object inside an answer; an empty one when there is none. */
export function memberOf(row: Row, key: string): Row {
  const value = row[key];
  return typeof value === "object" && value !== null ? (value as Row) : {};
}

/** A look at one task, for waitUntil. */
export function lookAtTask(client: Client, id: string): () => Promise<Look<Row>> {
  return async () => {
    const task = rowOf(await client.get(`/operation-logs/${id}`), "operation_log");
    return ENDED.includes(String(task.status))
      ? { done: true, result: task }
      : { done: false, percent: taskPercent(task) };
  };
}

/** The tasks of one checkpoint among the vault's newest ones. */
export async function checkpointTasks(client: Client, vaultId: string, checkpointId: string): Promise<Row[]> {
  const answer = await client.get("/operation-logs", { vault_id: vaultId, operation_type: "backup", limit: LOOKED_AT });
  return rowsOf(answer, "operation_logs").filter((task) => task.checkpoint_id === checkpointId);
}
