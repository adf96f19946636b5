/** `holdfast task …`: what the service does and did. */
import { type Command, Option } from "commander";
import { TASK_STATUSES, TASK_TYPES } from "../../core/domain/statuses.ts";
import { type Row, rowOf } from "../client.ts";
import { action, example } from "../context.ts";
import { vaultId } from "../names.ts";
import { memberOf, taskError, taskPercent } from "../tasks.ts";
import { cell, formatFields, formatTable, formatTime } from "../text.ts";

interface ListOptions {
  readonly vault?: string;
  readonly type?: string;
  readonly status?: string;
}

function resourceName(task: Row): string {
  const resource = memberOf(memberOf(task, "extra_info"), "resource");
  return cell(resource.name ?? resource.id);
}

const percent = (task: Row): string => (taskPercent(task) === undefined ? "-" : `${taskPercent(task)} %`);

function fields(task: Row): string {
  const extra = memberOf(task, "extra_info");
  return formatFields([
    ["id", cell(task.id)],
    ["type", cell(task.operation_type)],
    ["status", cell(task.status)],
    ["progress", percent(task)],
    ["resource", resourceName(task)],
    ["vault", `${cell(task.vault_name)} (${cell(task.vault_id)})`],
    ["checkpoint", cell(task.checkpoint_id)],
    ["backup", cell(memberOf(extra, "backup").backup_id ?? memberOf(extra, "restore").backup_id)],
    ["created", formatTime(task.created_at)],
    ["started", formatTime(task.started_at)],
    ["ended", formatTime(task.ended_at)],
    ["error", cell(taskError(task))],
  ]);
}

/** Adds `task list` and `task show`. */
export function addTaskCommands(program: Command): void {
  const group = program.command("task").description("look at the service's tasks: backups, restores, deletions");

  group
    .command("list")
    .description("list tasks, newest first")
    .option("--vault <vault>", "only tasks of this vault (id or name)")
    .addOption(new Option("--type <type>", "only this kind").choices(TASK_TYPES))
    .addOption(new Option("--status <status>", "only with this status").choices(TASK_STATUSES))
    .addHelpText("after", example("holdfast task list --status running"))
    .action(
      action<ListOptions, []>(async (context, options) => {
        const client = await context.client();
        const tasks = await client.list("/operation-logs", "operation_logs", {
          operation_type: options.type,
          status: options.status,
          vault_id: options.vault === undefined ? undefined : await vaultId(client, options.vault),
        });
        const rows = tasks.map((task) => [
          cell(task.id),
          cell(task.operation_type),
          cell(task.status),
          percent(task),
          resourceName(task),
          formatTime(task.created_at),
        ]);
        context.print(tasks, formatTable(["ID", "TYPE", "STATUS", "PROGRESS", "RESOURCE", "CREATED"], rows));
      }),
    );

  group
    .command("show")
    .description("show one task, with the reason if it failed")
    .argument("<task>", "id of the task")
    .addHelpText("after", example("holdfast task show 99999999-9999-4999-8999-999999999999"))
    .action(
      action<object, [string]>(async (context, _options, id) => {
        const client = await context.client();
        const task = rowOf(await client.get(`/operation-logs/${encodeURIComponent(id)}`), "operation_log");
        context.print(task, fields(task));
      }),
    );
}
