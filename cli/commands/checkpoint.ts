/** `holdfast checkpoint …`: restore points, that is, backups that were made together. */
import type { Command } from "commander";
import { type Row, rowOf } from "../client.ts";
import { action, example } from "../context.ts";
import { memberOf } from "../tasks.ts";
import { cell, formatFields, formatTable, formatTime } from "../text.ts";

function rowsIn(vault: Row, key: string): Row[] {
  const rows = vault[key];
  return Array.isArray(rows) ? (rows as Row[]) : [];
}

function shown(checkpoint: Row): string {
  const vault = memberOf(checkpoint, "vault");
  const lines = [
    formatFields([
      ["id", cell(checkpoint.id)],
      ["status", cell(checkpoint.status)],
      ["vault", `${cell(vault.name)} (${cell(vault.id)})`],
      ["created", formatTime(checkpoint.created_at)],
    ]),
    "",
    formatTable(
      ["RESOURCE", "NAME", "STATUS"],
      rowsIn(vault, "resources").map((row) => [cell(row.id), cell(row.name), cell(row.protect_status)]),
    ),
  ];
  const skipped = rowsIn(vault, "skipped_resources");
  if (skipped.length > 0)
    lines.push(
      "",
      formatTable(
        ["SKIPPED", "NAME", "REASON"],
        skipped.map((row) => [cell(row.id), cell(row.name), cell(row.reason)]),
      ),
    );
  return lines.join("\n");
}

/** Adds `checkpoint show`. */
export function addCheckpointCommands(program: Command): void {
  program
    .command("checkpoint")
    .description("look at restore points: backups that were made together")
    .command("show")
    .description("show a restore point and how its resources fared")
    .argument("<checkpoint>", "id")
    .addHelpText("after", example("holdfast checkpoint show 55555555-5555-4555-8555-555555555555"))
    .action(
      action<object, [string]>(async (context, _options, id) => {
        const client = await context.client();
        const checkpoint = rowOf(await client.get(`/checkpoints/${encodeURIComponent(id)}`), "checkpoint");
        context.print(checkpoint, shown(checkpoint));
      }),
    );
}
