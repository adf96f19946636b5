/** Which commands does `holdfast` have, and what do they end in? */
import { Command, CommanderError } from "commander";
import { path } from "./arguments.ts";
import { addAdminCommands } from "./commands/admin.ts";
import { addAuditCommands } from "./commands/audit.ts";
import { addBackupCommands } from "./commands/backup.ts";
import { addCheckpointCommands } from "./commands/checkpoint.ts";
import { addCompletionCommand } from "./commands/completion.ts";
import { addDemoCommand } from "./commands/demo.ts";
import { addPolicyCommands } from "./commands/policy.ts";
import { addPolicyCheck } from "./commands/policy-check.ts";
import { addProtectableCommands } from "./commands/protectable.ts";
import { addResourceCommands } from "./commands/resource.ts";
import { addRetentionCommands } from "./commands/retention.ts";
import { addRunsCommands } from "./commands/runs.ts";
import { addServeCommand } from "./commands/serve.ts";
import { addStoreCommands } from "./commands/store.ts";
import { addTaskCommands } from "./commands/task.ts";
import { addVaultCommands } from "./commands/vault.ts";
import { defaultDataDir } from "./connection.ts";
import { exitCodes, reportFailure } from "./failure.ts";
import { programVersion } from "./version.ts";

/** The whole command line, as commander understands it. */
export function createProgram(): Command {
  const program = new Command("holdfast")
    .description("Back up and restore disks and servers: an open Cloud Backup and Recovery service.")
    .version(programVersion())
    .option(
      "--data <dir>",
      `data folder of the service (default: ${defaultDataDir}, or HOLDFAST_URL if it is set)`,
      path,
    )
    .option("--json", "print one JSON value on standard output")
    .configureHelp({ showGlobalOptions: true, minWidthToWrap: 20 })
    .showHelpAfterError("(--help shows what is possible)")
    .exitOverride()
    .addHelpText(
      "after",
      "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 a preflight, verification or check found something.\n" +
        "Without --data, HOLDFAST_URL, HOLDFAST_ACCESS_KEY and HOLDFAST_SECRET_KEY name a service elsewhere.",
    );
  addServeCommand(program);
  addResourceCommands(program);
  addVaultCommands(program);
  const policies = addPolicyCommands(program);
  addRunsCommands(program);
  addBackupCommands(program);
  addRetentionCommands(program, policies);
  addPolicyCheck(policies);
  addCheckpointCommands(program);
  addTaskCommands(program);
  addProtectableCommands(program);
  addAuditCommands(program);
  addStoreCommands(program);
  addDemoCommand(program);
  addAdminCommands(program);
  addCompletionCommand(program);
  return program;
}

/** Runs one command line (without `node` and the script's name) and answers the exit code. Never rejects. */
export async function runProgram(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync([...args], { from: "user" });
    return exitCodes.done;
  } catch (error) {
    // commander has printed its own message; help and version that were asked for are no errors.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    return reportFailure(error);
  }
}
