/** Runs the crash scenario in a process of its own and kills it at the n-th moment. Arguments: folder, n. */
import { runScenario } from "./workflows-crash-scenario.ts";

const [folder, at] = process.argv.slice(2);
let moments = 0;
await runScenario(folder as string, "first", () => {
  if (moments++ === Number(at)) process.kill(process.pid, "SIGKILL");
});
