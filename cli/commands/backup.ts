/** `holdfast backup …`: make backups, look at them, restore from them, delete them. */
import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { type Command, Option } from "commander";
import { BACKUP_STATUSES } from "../../core/domain/statuses.ts";
import { collect, collectPairs } from "../arguments.ts";
import {
  backupFailures,
  backupOutcome,
  deleteBackup,
  finishBackup,
  finishRestore,
  startBackup,
  startRestore,
} from "../backups.ts";
import { type Client, type Row, rowOf } from "../client.ts";
import { action, type Context, example } from "../context.ts";
import { CommandFailed, UsageError } from "../failure.ts";
import { backupId, vaultId } from "../names.ts";
import { lookAtTask, taskError } from "../tasks.ts";
import { formatTable, formatTime } from "../text.ts";
import { waitUntil } from "../waiting.ts";
import { backupHeadings, listedBackup, shownBackup, shownFate } from "./backup-view.ts";

interface CreateOptions {
  readonly vault: string;
  readonly resource?: readonly string[];
  readonly name?: string;
  readonly description?: string;
  readonly full?: true;
  readonly wait: boolean;
}
interface ListOptions {
  readonly vault?: string;
  readonly resource?: string;
  readonly checkpoint?: string;
  readonly status?: string;
  readonly name?: string;
}
interface RestoreOptions {
  readonly disk?: string;
  readonly server?: string;
  readonly map?: readonly (readonly [backup: string, disk: string])[];
  readonly powerOn: boolean;
  readonly yes?: true;
  readonly wait: boolean;
}

async function create(context: Context, options: CreateOptions): Promise<void> {
  const client = await context.client();
  const vault = await vaultId(client, options.vault);
  const checkpoint = await startBackup(client, {
    vaultId: vault,
    incremental: options.full !== true,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.description === undefined ? {} : { description: options.description }),
    ...(options.resource === undefined ? {} : { resources: options.resource }),
  });
  const outcome = options.wait
    ? await finishBackup(client, vault, checkpoint)
    : await backupOutcome(client, checkpoint);
  context.print(outcome, formatTable(backupHeadings, outcome.backups.map(listedBackup)));
  if (!options.wait) {
    context.note(`The backup goes on in the service. Look at it with: holdfast checkpoint show ${checkpoint}`);
    return;
  }
  const failures = await backupFailures(client, vault, outcome);
  if (failures.length > 0) throw new CommandFailed(failures.join("\n"));
}

async function list(context: Context, options: ListOptions): Promise<void> {
  const client = await context.client();
  const backups = await client.list("/backups", "backups", {
    vault_id: options.vault === undefined ? undefined : await vaultId(client, options.vault),
    resource_id: options.resource,
    checkpoint_id: options.checkpoint,
    status: options.status,
    name: options.name,
  });
  context.print(backups, formatTable(backupHeadings, backups.map(listedBackup)));
}

async function show(context: Context, _options: object, given: string): Promise<void> {
  const client = await context.client();
  const backup = rowOf(await client.get(`/backups/${await backupId(client, given)}`), "backup");
  context.print(backup, shownBackup(backup));
}

async function rename(context: Context, options: { readonly name: string }, given: string): Promise<void> {
  const client = await context.client();
  const id = await backupId(client, given);
  const answer = await client.send("PUT", `/backups/${id}`, { backup: { name: options.name } });
  const backup = rowOf(answer, "backup");
  context.print(backup, shownBackup(backup));
}

async function restore(context: Context, options: RestoreOptions, given: string): Promise<void> {
  if (options.disk !== undefined && options.server !== undefined)
    throw new UsageError("say where to restore to by either --disk ID or --server ID, not both");
  if (options.disk !== undefined && options.map !== undefined)
    throw new UsageError("--map goes with --server: a disk backup has one disk only");
  const client = await context.client();
  const id = await backupId(client, given);
  if (options.disk === undefined && options.server === undefined && !options.yes)
    await confirmOverwrite(context, rowOf(await client.get(`/backups/${id}`), "backup"));
  const task = await startRestore(client, {
    backupId: id,
    target: await restoreTarget(client, id, options),
    powerOn: options.powerOn,
    ...(options.map === undefined
      ? {}
      : { mappings: options.map.map(([backup, disk]) => ({ backup_id: backup, volume_id: disk })) }),
  });
  if (!options.wait) {
    context.print({ job_id: task }, `restore ${task} is running`);
    return;
  }
  const ended = await finishRestore(client, task);
  const why = taskError(ended);
  context.print(ended, why === undefined ? `restored (task ${task})` : `not restored (task ${task})`);
  if (why !== undefined) throw new CommandFailed(why);
}

/** At a terminal, a restore over the origin is asked for twice: what is there now cannot be brought back. */
async function confirmOverwrite(context: Context, backup: Row): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return;
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  // The input's end (Ctrl-D) is a no: the question would never be answered.
  const end = once(asking, "close").then(() => "");
  const answer = await Promise.race([
    asking.question(
      `Overwrite ${backup.resource_name} (${backup.resource_id}) with backup ${backup.name} of ${formatTime(backup.created_at)}? [y/N] `,
    ),
    end,
  ]);
  asking.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailed("nothing was restored");
  context.note("restoring");
}

/** What the request names as its target: what was asked for, else the disk or server that was backed up. */
async function restoreTarget(
  client: Client,
  backup: string,
  { disk, server }: Pick<RestoreOptions, "disk" | "server">,
): Promise<{ readonly volume_id: string } | { readonly server_id: string }> {
  if (disk !== undefined) return { volume_id: disk };
  if (server !== undefined) return { server_id: server };
  const row = rowOf(await client.get(`/backups/${backup}`), "backup");
  const origin = String(row.resource_id);
  return row.resource_type === "OS::Cinder::Volume" ? { volume_id: origin } : { server_id: origin };
}

async function remove(context: Context, options: { readonly wait: boolean }, given: string): Promise<void> {
  const client = await context.client();
  const id = await backupId(client, given);
  await deleteBackup(client, id, options.wait);
  context.print({ id, deleted: options.wait }, options.wait ? `deleted backup ${id}` : `backup ${id} is being deleted`);
}

async function fate(context: Context, _options: object, given: string): Promise<void> {
  const client = await context.client();
  const shown = rowOf(await client.get(`/holdfast/backups/${await backupId(client, given)}/fate`), "fate");
  context.print(shown, shownFate(shown));
}

async function undelete(context: Context, options: { readonly wait: boolean }, given: string): Promise<void> {
  const client = await context.client();
  const answer = await client.send("POST", `/holdfast/backups/${encodeURIComponent(given)}/undelete`, {});
  const task = String(answer.job_id);
  if (!options.wait) {
    context.print(answer, `backup ${given} is coming back (task ${task})`);
    return;
  }
  const ended = await waitUntil(
    { label: "taking back", lookLater: `holdfast task show ${task}` },
    lookAtTask(client, task),
  );
  const why = taskError(ended);
  context.print(ended, why === undefined ? `backup ${given} is back` : `backup ${given} is still deleted`);
  if (why !== undefined) throw new CommandFailed(why);
}

/** Adds `backup create|list|show|rename|restore|delete|fate|undelete`. */
export function addBackupCommands(program: Command): void {
  const group = program.command("backup").description("make, list, restore and delete backups");

  group
    .command("create")
    .description("back up all resources of a vault, or some; waits until the backups are made")
    .requiredOption("--vault <vault>", "id or name of the vault")
    .option("--resource <id>", "only this resource of it (repeatable)", collect)
    .option("--name <name>", "name of the backup")
    .option("--description <text>", "description")
    .option("--full", "read and store everything again instead of what has changed")
    .option("--no-wait", "do not wait")
    .addHelpText("after", example("holdfast backup create --vault nightly"))
    .action(action(create));

  group
    .command("list")
    .description("list backups, newest first")
    .option("--vault <vault>", "only backups in this vault (id or name)")
    .option("--resource <id>", "only backups of this resource")
    .option("--checkpoint <id>", "only backups of this restore point")
    .addOption(new Option("--status <status>", "only with this status").choices(BACKUP_STATUSES))
    .option("--name <name>", "only with this in their name")
    .addHelpText("after", example("holdfast backup list --vault nightly"))
    .action(action(list));

  group
    .command("show")
    .description("show a backup and, of a server, the backups of its disks")
    .argument("<backup>", "id or name")
    .addHelpText("after", example("holdfast backup show manualbk_0a1b"))
    .action(action(show));

  group
    .command("rename")
    .description("give a backup another name")
    .argument("<backup>", "id or name")
    .requiredOption("--name <name>", "new name")
    .addHelpText("after", example("holdfast backup rename manualbk_0a1b --name before-upgrade"))
    .action(action(rename));

  group
    .command("restore")
    .description("write a backup back, to where it came from unless you name a target; what is there now is lost")
    .argument("<backup>", "id or name")
    .option("--disk <id>", "disk to overwrite, for the backup of a disk")
    .option("--server <id>", "server to overwrite, for the backup of a server")
    .option(
      "--map <backup=disk>",
      "of a server: this disk backup onto this disk; once for each disk that is still there",
      collectPairs,
    )
    .option("--yes", "do not ask at a terminal before the origin is overwritten")
    .option("--no-power-on", "leave the server switched off afterwards")
    .option("--no-wait", "do not wait")
    .addHelpText("after", example("holdfast backup restore before-upgrade"))
    .action(action(restore));

  group
    .command("delete")
    .description("delete a backup; waits until it is gone")
    .argument("<backup>", "id or name")
    .option("--no-wait", "do not wait")
    .addHelpText("after", example("holdfast backup delete before-upgrade"))
    .action(action(remove));

  group
    .command("fate")
    .description("show why a backup is kept and when it goes, or why it went")
    .argument("<backup>", "id or name; of a deleted backup the id")
    .addHelpText("after", example("holdfast backup fate autobk_0a1b"))
    .action(action(fate));

  group
    .command("undelete")
    .description("take a deletion back, as long as `trash list` shows the backup; waits until it is back")
    .argument("<backup>", "id")
    .option("--no-wait", "do not wait")
    .addHelpText("after", example("holdfast backup undelete 44444444-4444-4444-8444-444444444444"))
    .action(action(undelete));
}
