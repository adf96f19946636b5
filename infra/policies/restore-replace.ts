/** What may the task before the swap do? It makes volumes from our snapshots. */
import { type Policy, records } from "./statements.ts";
import { createVolumes, describe } from "./volumes.ts";

export const restoreReplace: Policy = (scope) => [
  ...records(scope, "get", "put"),
  ...describe(scope, "Volumes", "Snapshots"),
  ...createVolumes(scope),
];
