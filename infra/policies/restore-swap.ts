/** What may the swap do? It stops a server, puts our volumes in the places of its own, and starts it. */
import { type Policy, records } from "./statements.ts";
import { describe, swapVolumes } from "./volumes.ts";

export const restoreSwap: Policy = (scope) => [
  ...records(scope, "get", "put"),
  ...describe(scope, "Instances", "Volumes", "Snapshots", "ReplaceRootVolumeTasks"),
  ...swapVolumes(scope),
];
