/** `holdfast serve`: the service on this machine, until it is told to stop. */
import { type Command, Option } from "commander";
import { PROFILE_NAMES, type ProfileName } from "../../core/domain/profile.ts";
import { integer } from "../arguments.ts";
import { defaultDataDir } from "../connection.ts";
import { action, type Context, example } from "../context.ts";

interface ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly profile: ProfileName;
}

/** Work that cannot be finished within this time is parked and goes on at the next start; ms. */
const GRACE_MS = 9_000;
/** A service that does not stop in time is ended: parked work is safe, a port that stays taken is not. ms. */
const DEADLINE_MS = 9_800;

async function serve(context: Context, options: ServeOptions): Promise<void> {
  // The service and its libraries are loaded by this command only: all others start faster without them.
  const { startService } = await import("../../local/service.ts");
  let stop = (): void => {
    context.note("stopped before the service was ready");
    process.exit(0);
  };
  const told = (): void => {
    const once = stop;
    // A second signal changes nothing.
    stop = () => {};
    once();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, told);

  const service = await startService({
    dataDir: context.data ?? defaultDataDir,
    port: options.port,
    host: options.host,
    profile: options.profile,
    log: (line) => context.note(JSON.stringify({ time: new Date().toISOString(), ...line })),
  });
  const stopped = new Promise<void>((resolve, reject) => {
    stop = () => {
      context.note("stopping: running work is finished or parked");
      setTimeout(() => {
        context.note("not everything could be parked in time; it goes on at the next start");
        process.exit(0);
      }, DEADLINE_MS).unref();
      service.stop(GRACE_MS).then(resolve, reject);
    };
  });
  context.print({ url: service.url }, `Holdfast listens on ${service.url}`);
  await stopped;
  context.note("stopped");
}

/** Adds `serve`. */
export function addServeCommand(program: Command): void {
  program
    .command("serve")
    .description("run the service on this machine; Ctrl-C stops it, unfinished work goes on at the next start")
    .option("--port <number>", "port to listen on; 0 takes a free one", integer(0, 65_535), 8700)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .addOption(
      new Option("--profile <name>", "the cloud whose rules decide what is refused")
        .choices(PROFILE_NAMES)
        .default("huawei"),
    )
    .addHelpText("after", example("holdfast serve --data /srv/holdfast --port 8700"))
    .action(action(serve));
}
