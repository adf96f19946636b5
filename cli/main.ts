/** The `holdfast` command, started by cli/bin.js on a Node that can run it. */
import { exitCodes, reportFailure } from "./failure.ts";
import { watchWrapper } from "./wrapper.ts";

// `serve` stops in good order on this signal; every other command just ends.
watchWrapper(process.env, () => process.kill(process.pid, "SIGTERM"));

// A reader that has seen enough (`holdfast task list | head`) closes the pipe: that is no reason for a stack trace.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  // Whoever writes a disk there cleans up first.
  if (process.stdout.listenerCount("error") > 1) return;
  process.exit(exitCodes.failed);
});

process.exitCode = await run(process.argv.slice(2));
// Stopped by a signal: what is still on its way to a reader who sleeps is not waited for.
if (process.exitCode > 128) process.exit();

/** Commands of `store` are quick, and most of them come from scripts: a correct one starts without the libraries of all others. */
async function run(args: readonly string[]): Promise<number> {
  if (args[0] === "store") {
    const { quickCall } = await import("./store/quick.ts");
    const quick = quickCall(args.slice(1));
    if (quick !== undefined)
      return quick.command.run(quick.call).then(
        () => exitCodes.done,
        (error: unknown) => reportFailure(error),
      );
  }
  const { runProgram } = await import("./program.ts");
  return runProgram(args);
}
