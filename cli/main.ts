/** The `holdfast` command, started by cli/bin.js on a Node that can run it. */
import { exitCodes } from "./failure.ts";
import { runProgram } from "./program.ts";
import { watchWrapper } from "./wrapper.ts";

// `serve` stops in good order on this signal; every other command just ends.
watchWrapper(process.env, () => process.kill(process.pid, "SIGTERM"));

// A reader that has seen enough (`holdfast task list | head`) closes the pipe: that is no reason for a stack trace.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(exitCodes.failed);
});

process.exitCode = await runProgram(process.argv.slice(2));
