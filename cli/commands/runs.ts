/** `holdfast runs …`: which runs of policies should happen, and what became of those that should have. */
import { type Command, Option } from "commander";
import { RUN_STATES } from "../../core/domain/statuses.ts";
import { time } from "../arguments.ts";
import { action, example } from "../context.ts";
import { policyId, vaultId } from "../names.ts";
import { cell, formatTable, formatTime } from "../text.ts";

interface ListOptions {
  readonly vault?: string;
  readonly policy?: string;
  readonly state?: string;
  readonly since?: string;
  readonly until?: string;
}

/** Adds `runs list`. */
export function addRunsCommands(program: Command): void {
  program
    .command("runs")
    .description("look at the runs that policies make: expected, done, late, missed")
    .command("list")
    .description("list runs, newest first; the next ones of each vault are on top")
    .option("--vault <vault>", "only runs of this vault (id or name)")
    .option("--policy <policy>", "only runs of this policy (id or name)")
    .addOption(new Option("--state <state>", "only in this state").choices(RUN_STATES))
    .option("--since <time>", "only points from then on: a day, or 2030-01-02T03:04:05Z", time)
    .option("--until <time>", "only points up to then; a day is its first second", time)
    .addHelpText("after", example("holdfast runs list --state missed"))
    .action(
      action<ListOptions, []>(async (context, options) => {
        const client = await context.client();
        const runs = await client.list("/holdfast/runs", "runs", {
          vault_id: options.vault === undefined ? undefined : await vaultId(client, options.vault),
          policy_id: options.policy === undefined ? undefined : await policyId(client, options.policy),
          state: options.state,
          start_time: options.since,
          end_time: options.until,
        });
        const rows = runs.map((run) => [
          formatTime(run.nominal_at),
          cell(run.state),
          cell(run.vault_name),
          cell(run.policy_name),
          formatTime(run.planned_at),
          formatTime(run.started_at),
          cell(run.reason),
        ]);
        context.print(runs, formatTable(["POINT", "STATE", "VAULT", "POLICY", "PROMISED", "STARTED", "REASON"], rows));
      }),
    );
}
