/** `holdfast policy check`: which policies run too seldom, and which vaults keep too little, by two rules of the caller's. */
import type { Command } from "commander";
import { integer } from "../arguments.ts";
import { type Client, type QueryParameters, type Row, rowsOf } from "../client.ts";
import { action, type Context, example } from "../context.ts";
import { CommandFailed, exitCodes } from "../failure.ts";
import { cell, formatTable } from "../text.ts";

interface CheckOptions {
  readonly maxGap?: number;
  readonly minDays?: number;
}

/** Rules are broken; what was asked for was told all the same. Exit code 3. */
class RulesBroken extends CommandFailed {
  override readonly exitCode = exitCodes.broken;
}

/** Limits of the API. */
const MOST_GAP_HOURS = 720;
const MOST_DAYS = 99_999;
const PAGE = 1000;

/** Every page tells the policies again: the first one's are taken. */
async function report(
  client: Client,
  query: QueryParameters,
): Promise<{ readonly policies: Row[]; readonly vaults: Row[] }> {
  const vaults: Row[] = [];
  let policies: Row[] | undefined;
  for (;;) {
    const page = await client.get("/holdfast/compliance", { ...query, limit: PAGE, offset: vaults.length });
    policies ??= rowsOf(page, "policies");
    const rows = rowsOf(page, "vaults");
    vaults.push(...rows);
    if (rows.length < PAGE) return { policies, vaults };
  }
}

const verdict = (row: Row): string => (row.compliant === true ? "yes" : `no: ${cell(row.reason)}`);

async function check(context: Context, options: CheckOptions): Promise<void> {
  const { maxGap, minDays } = options;
  const client = await context.client();
  const found = await report(client, {
    ...(maxGap !== undefined && { max_gap_hours: maxGap }),
    ...(minDays !== undefined && { min_retention_days: minDays }),
  });
  const policies = found.policies.map((row) => [cell(row.policy_name), cell(row.longest_gap_hours), verdict(row)]);
  const vaults = found.vaults.map((row) => [cell(row.vault_name), cell(row.policy_name), verdict(row)]);
  context.print(
    found,
    [
      formatTable(["POLICY", "LONGEST GAP (HOURS)", "OFTEN ENOUGH"], policies),
      formatTable(["VAULT", "POLICY", "KEEPS ENOUGH"], vaults),
    ].join("\n\n"),
  );
  const broken = [...found.policies, ...found.vaults].filter(({ compliant }) => compliant !== true).length;
  if (broken > 0) throw new RulesBroken(`${broken} of ${found.policies.length + found.vaults.length} break the rules`);
}

/** Adds `policy check` to the policies' group. */
export function addPolicyCheck(policies: Command): void {
  policies
    .command("check")
    .description("judge policies by how often they run and vaults by how long they keep; exit code 3 if any fails")
    .option("--max-gap <hours>", "allowed between two points of a policy (default: 24)", integer(1, MOST_GAP_HOURS))
    .option("--min-days <days>", "to be kept, where a policy keeps by days (default: 7)", integer(1, MOST_DAYS))
    .addHelpText("after", example("holdfast policy check --max-gap 24 --min-days 30"))
    .action(action(check));
}
