/** `holdfast audit …`: who changed what, and whether what is written about it is what was written. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { TRACE_OUTCOMES } from "../../core/app/records/audit.ts";
import { integer, time } from "../arguments.ts";
import { type Client, type Row, rowsOf } from "../client.ts";
import { action, type Context, example } from "../context.ts";
import { CommandFailed, exitCodes } from "../failure.ts";
import { memberOf } from "../tasks.ts";
import { cell, formatTable, formatTime } from "../text.ts";

interface ListOptions {
  readonly from?: string;
  readonly to?: string;
  readonly user?: string;
  readonly event?: string;
  readonly resource?: string;
  readonly outcome?: string;
  readonly limit?: number;
}
interface VerifyOptions {
  readonly known?: readonly Known[];
}

/** The trail is not what was written. Exit code 3. */
class TrailChanged extends CommandFailed {
  override readonly exitCode = exitCodes.damaged;
}

const LIST_LIMIT = 100;

async function list(context: Context, options: ListOptions): Promise<void> {
  const client = await context.client();
  const answer = await client.get("/holdfast/audit", {
    start_time: options.from,
    end_time: options.to,
    user: options.user,
    trace_name: options.event,
    resource_id: options.resource,
    outcome: options.outcome,
    limit: options.limit ?? LIST_LIMIT,
  });
  const traces = rowsOf(answer, "traces");
  const table = traces.map((trace) => [
    formatTime(trace.time),
    cell(trace.trace_name),
    cell(trace.outcome),
    cell(trace.error_code),
    cell(memberOf(trace, "user").name),
    cell(trace.source_ip),
    cell(trace.resource_name ?? trace.resource_id),
    cell(trace.trace_id),
  ]);
  context.print(traces, formatTable(["TIME", "EVENT", "OUTCOME", "CODE", "USER", "FROM", "RESOURCE", "TRACE"], table));
  if (typeof answer.count === "number" && answer.count > traces.length)
    context.note(`${traces.length} of ${answer.count} shown: narrow the time, or raise --limit`);
}

/** A batch's number and hash, as somebody noted them. */
interface Known {
  readonly number: number;
  readonly hash: string;
}

function known(text: string, before: readonly Known[] = []): readonly Known[] {
  const [, number, hash] = /^(\d{1,10}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (number === undefined || hash === undefined)
    throw new InvalidArgumentError("It must be NUMBER:HASH, as verify prints it.");
  return [...before, { number: Number(number), hash }];
}

async function verify(context: Context, options: VerifyOptions): Promise<void> {
  const client = await context.client();
  const total = { batches: 0, traces: 0, findings: [] as Row[], remarks: [] as Row[], last: undefined as unknown };
  for (let after: unknown = 0; typeof after === "number"; ) {
    const page: Row = await client.get("/holdfast/audit/verification", { after });
    total.batches += Number(page.batches);
    total.traces += Number(page.traces);
    total.findings.push(...rowsOf(page, "findings"));
    total.remarks.push(...rowsOf(page, "remarks"));
    total.last = page.last ?? undefined;
    after = page.next;
  }
  for (const noted of options.known ?? [])
    if ((await hashOf(client, noted.number)) !== noted.hash)
      total.findings.push({ batch: noted.number, what: "the batch has not the hash that was noted" });
  context.print(total, wordsOf(total));
  const { length } = total.findings;
  if (length > 0)
    throw new TrailChanged(`the audit trail was changed: ${length} ${length === 1 ? "finding" : "findings"}`);
}

/** Batches are listed newest first and numbered without a gap. */
async function hashOf(client: Client, number: number): Promise<unknown> {
  const { count } = await client.get("/holdfast/audit/batches", { limit: 1 });
  if (typeof count !== "number" || number < 1 || number > count) return undefined;
  const page = await client.get("/holdfast/audit/batches", { limit: 1, offset: count - number });
  return rowsOf(page, "batches").find((batch) => batch.number === number)?.hash;
}

function wordsOf(total: {
  readonly batches: number;
  readonly traces: number;
  readonly findings: readonly Row[];
  readonly remarks: readonly Row[];
  readonly last: unknown;
}): string {
  const line = (kind: string, row: Row): string => {
    const trace = row.trace_id ? `, trace ${cell(row.trace_id)}` : "";
    return `${kind}: hour ${cell(row.hour)} (batch ${cell(row.batch)})${trace}: ${cell(row.what)}`;
  };
  const last = memberOf({ last: total.last }, "last");
  return [
    `${total.traces} traces in ${total.batches} sealed ${total.batches === 1 ? "hour" : "hours"} computed again`,
    ...total.findings.map((row) => line("changed", row)),
    ...total.remarks.map((row) => line("odd", row)),
    ...(total.findings.length === 0 ? ["every sealed trace is as it was written"] : []),
    ...(last.hash === undefined ? [] : [`last batch, to be noted elsewhere: ${cell(last.number)}:${cell(last.hash)}`]),
  ].join("\n");
}

/** Adds `audit list|verify`. */
export function addAuditCommands(program: Command): void {
  const group = program
    .command("audit")
    .description("look at who changed what, and verify that nobody changed the trail");

  group
    .command("list")
    .description("list changes and refused attempts, newest first")
    .option("--from <time>", "not before this day or second (UTC)", time)
    .option("--to <time>", "not after; a day is its first second", time)
    .option("--user <user>", "only by this user (id or name)")
    .option("--event <name>", "only this one, as createVault")
    .option("--resource <id>", "only of this vault, backup, policy …")
    .addOption(new Option("--outcome <outcome>", "only with this outcome").choices(TRACE_OUTCOMES))
    .option("--limit <rows>", `at most so many rows, 1 to 1000 (default: ${LIST_LIMIT})`, integer(1, 1000))
    .addHelpText("after", example("holdfast audit list --from 2030-01-02 --event deleteBackup"))
    .action(action<ListOptions, []>(list));

  group
    .command("verify")
    .description(
      "compute every sealed hour again: finds what was changed, removed or added; exit code 3 if anything was",
    )
    .option("--known <number:hash>", "a batch as you noted it, must be the same still (repeatable)", known)
    .addHelpText("after", example("holdfast audit verify", "holdfast audit verify --known 812:9f86d081…"))
    .action(action<VerifyOptions, []>(verify));
}
