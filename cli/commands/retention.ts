/** `holdfast trash …` and the commands of `holdfast policy …` that tell what rules delete, before and after. */
import { type Command, InvalidArgumentError } from "commander";
import { type Row, rowOf, rowsOf } from "../client.ts";
import { action, type Context, example } from "../context.ts";
import { cell, formatFields, formatGB, formatTable, formatTime } from "../text.ts";

interface PreviewOptions {
  readonly keep?: number;
  readonly days?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
  readonly timezone?: string;
}

/** A count: nothing is sent for what was not given. */
function whole(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError("must be a whole number from 1 to 99999");
  return Number(text);
}

async function listTrash(context: Context): Promise<void> {
  const client = await context.client();
  const backups = await client.list("/holdfast/trash", "backups");
  const rows = backups.map((row) => [
    cell(row.id),
    cell(row.name),
    cell(row.resource_name ?? row.resource_id),
    formatTime(row.deleted_at),
    formatTime(row.purge_not_before),
    cell(row.reason),
  ]);
  context.print(backups, formatTable(["ID", "NAME", "RESOURCE", "DELETED", "KEPT UNTIL", "REASON"], rows));
}

const deletionRows = (deletions: readonly Row[]): string =>
  formatTable(
    ["BACKUP", "NAME", "CREATED", "REASON"],
    deletions.map((row) => [
      cell(row.backup_id),
      cell(row.backup_name),
      formatTime(row.created_at),
      cell(row.reason),
    ]),
  );

async function preview(context: Context, options: PreviewOptions, policy: string): Promise<void> {
  const client = await context.client();
  const answer = await client.send("POST", `/holdfast/policies/${encodeURIComponent(policy)}/preview`, {
    operation_definition: {
      max_backups: options.keep,
      retention_duration_days: options.days,
      day_backups: options.daily,
      week_backups: options.weekly,
      month_backups: options.monthly,
      year_backups: options.yearly,
      timezone: options.timezone,
    },
  });
  const shown = rowOf(answer, "preview");
  const deletions = rowsOf(shown, "deletions");
  const freed = rowOf(shown, "freed_gb");
  const lines = [
    formatFields([
      ["deleted", cell(shown.deleted)],
      ["kept", cell(shown.kept)],
      ["frees", `${formatGB(freed.at_least)} to ${formatGB(freed.at_most)}`],
      ["note", cell(shown.note)],
      ["waits for", cell(deletions.find((row) => row.needs_confirmation)?.needs_confirmation)],
    ]),
  ];
  if (deletions.length > 0) lines.push("", deletionRows(deletions));
  context.print(shown, lines.join("\n"));
}

const heldFields = (plan: Row): string =>
  [
    formatFields([
      ["resource", `${cell(plan.resource_name)} (${cell(plan.resource_id)})`],
      ["vault", cell(plan.vault_id)],
      ["waits since", formatTime(plan.since)],
      ["because", cell(plan.reason)],
      ["would delete", cell(plan.deleted)],
      ["confirmed", plan.confirmed === true ? "yes" : "no"],
    ]),
    deletionRows(rowsOf(plan, "deletions")),
  ].join("\n\n");

async function listHeld(context: Context): Promise<void> {
  const client = await context.client();
  const plans = rowsOf(await client.get("/holdfast/held-plans"), "held_plans");
  context.print(plans, plans.length === 0 ? "no plan waits" : plans.map(heldFields).join("\n\n"));
}

async function confirm(context: Context, _options: object, resource: string): Promise<void> {
  const client = await context.client();
  const answer = await client.send("POST", `/holdfast/held-plans/${encodeURIComponent(resource)}/confirm`);
  const plan = rowOf(answer, "held_plan");
  context.print(plan, `${cell(plan.deleted)} backups of ${cell(plan.resource_name)} are being deleted`);
}

/** Adds `trash list`, `policy preview`, `policy held` and `policy confirm`. */
export function addRetentionCommands(program: Command): void {
  program
    .command("trash")
    .description("look at deleted backups that can still come back")
    .command("list")
    .description("list deleted backups that can still come back, the last deleted first")
    .addHelpText("after", example("holdfast trash list"))
    .action(action(listTrash));

  const policies =
    program.commands.find((command) => command.name() === "policy") ??
    program.command("policy").description("what policies delete");

  policies
    .command("preview")
    .description("show what a policy would delete under another rule; nothing is changed")
    .argument("<policy>", "id of the policy")
    .option("--keep <n>", "newest automatic backups that stay of each resource", whole)
    .option("--days <n>", "days after which an automatic backup expires", whole)
    .option("--daily <n>", "of so many days the last backup stays as well", whole)
    .option("--weekly <n>", "of so many weeks", whole)
    .option("--monthly <n>", "of so many months", whole)
    .option("--yearly <n>", "of so many years", whole)
    .option("--timezone <zone>", "where days, weeks, months and years begin, as UTC+01:00")
    .addHelpText("after", example("holdfast policy preview 88888888-8888-4888-8888-888888888888 --keep 7"))
    .action(action(preview));

  policies
    .command("held")
    .description("list what rules would delete, but a person has to confirm first")
    .addHelpText("after", example("holdfast policy held"))
    .action(action(listHeld));

  policies
    .command("confirm")
    .description("let a rule delete what `policy held` shows of a resource")
    .argument("<resource>", "id of the resource")
    .addHelpText("after", example("holdfast policy confirm 33333333-3333-4333-8333-333333333333"))
    .action(action(confirm));
}
