/** What may the end of a restore do? It frees the snapshots that were written, and tells. */
import { notices, type Policy, records } from "./statements.ts";
import { deleteSnapshots, describe } from "./volumes.ts";

export const restoreConclude: Policy = (scope) => [
  ...records(scope, "get", "put", "delete"),
  ...describe(scope, "Snapshots", "Volumes", "Instances"),
  ...deleteSnapshots(scope),
  ...notices(scope),
];
