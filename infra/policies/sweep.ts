/** What may the sweep do? It frees snapshots and volumes of ours that nothing needs any more. */
import { deadLetters, type Policy, records } from "./statements.ts";
import { deleteSnapshots, deleteVolumes, describe } from "./volumes.ts";

export const sweep: Policy = (scope) => [
  ...records(scope, "get"),
  ...describe(scope, "Snapshots", "Volumes"),
  ...deleteSnapshots(scope),
  ...deleteVolumes(scope),
  deadLetters(scope),
];
