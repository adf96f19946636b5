/** `holdfast trash …` and the commands of `holdfast policy …` that tell what rules delete, before and after. */
import type { Command } from "commander";
import { type Row, rowOf, rowsOf } from "../client.ts";
import { action, type Context, example } from "../context.ts";
import { policyId } from "../names.ts";
import { memberOf } from "../tasks.ts";
import { cell, formatFields, formatGB, formatTable, formatTime } from "../text.ts";
import { addKeepOptions, definitionOf, type PolicyOptions } from "./policy-options.ts";

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
    deletions.map((row) => [cell(row.backup_id), cell(row.backup_name), formatTime(row.created_at), cell(row.reason)]),
  );

/** Without options: what the policy deletes as it is. */
async function preview(context: Context, options: PolicyOptions, given: string): Promise<void> {
  const client = await context.client();
  const id = await policyId(client, given);
  const policy = rowOf(await client.get(`/policies/${id}`), "policy");
  const answer = await client.send("POST", `/holdfast/policies/${id}/preview`, {
    operation_definition: definitionOf(options, memberOf(policy, "operation_definition")),
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
      ["plan", cell(plan.plan_id)],
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

async function confirm(
  context: Context,
  { plan: planId }: { readonly plan?: string },
  resource: string,
): Promise<void> {
  const client = await context.client();
  const answer = await client.send("POST", `/holdfast/held-plans/${encodeURIComponent(resource)}/confirm`, {
    ...(planId !== undefined && { plan_id: planId }),
  });
  const plan = rowOf(answer, "held_plan");
  context.print(plan, `${cell(plan.deleted)} backups of ${cell(plan.resource_name)} are being deleted`);
}

/** Adds `trash list`, and to the policies' group `policy preview|held|confirm`. */
export function addRetentionCommands(program: Command, policies: Command): void {
  program
    .command("trash")
    .description("look at deleted backups that can still come back")
    .command("list")
    .description("list deleted backups that can still come back, the last deleted first")
    .addHelpText("after", example("holdfast trash list"))
    .action(action(listTrash));

  addKeepOptions(
    policies
      .command("preview")
      .description("show what a policy would delete, as it is or with another rule in its place; nothing is changed")
      .argument("<policy>", "id or name"),
  )
    .addHelpText("after", example("holdfast policy preview nightly --keep 7"))
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
    .option("--plan <id>", "only if it is still this plan that waits")
    .addHelpText(
      "after",
      example("holdfast policy confirm 33333333-3333-4333-8333-333333333333 --plan 0f1e2d3c4b5a6978"),
    )
    .action(action(confirm));
}
