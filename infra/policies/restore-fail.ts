/** What may the end of a failed restore do? It frees what the restore made and that is not in place, and tells. */
import { notices, type Policy, records } from "./statements.ts";
import { deleteSnapshots, deleteVolumes, describe } from "./volumes.ts";

export const restoreFail: Policy = (scope) => [
  ...records(scope, "get", "put", "delete"),
  ...describe(scope, "Snapshots", "Volumes", "Instances"),
  ...deleteSnapshots(scope),
  ...deleteVolumes(scope),
  ...notices(scope),
];
