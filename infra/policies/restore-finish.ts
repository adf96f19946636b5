/** What may the task after the last write do? It ends the snapshots that were written, and waits for them. */
import { type Policy, records } from "./statements.ts";
import { completeSnapshots, describe } from "./volumes.ts";

export const restoreFinish: Policy = (scope) => [
  ...records(scope, "get", "put"),
  ...describe(scope, "Snapshots"),
  ...completeSnapshots(scope),
];
