/** The service in a process of its own, for tests that kill it. Argument: the data folder. Tells its parent when it is ready. */
import { startService } from "../../local/service.ts";
import { hooks } from "./service-process-killer.ts";

// Without its parent there is no test any more.
process.on("disconnect", () => process.exit(1));

const service = await startService({
  dataDir: process.argv[2] ?? "",
  port: 0,
  host: "127.0.0.1",
  log: (line) => process.stderr.write(`${JSON.stringify(line)}\n`),
  hooks,
});
process.send?.({ credentials: service.credentials });

let stopping = false;
process.on("SIGTERM", () => {
  if (stopping) return;
  stopping = true;
  void service.stop(9_000).then(() => process.exit(0));
});
