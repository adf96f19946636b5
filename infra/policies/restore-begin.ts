/** What may the first task of a restore do? It looks at the targets and begins the snapshots that are written. */
import { type Policy, readObjects, records, unwrap } from "./statements.ts";
import { describe, startSnapshots } from "./volumes.ts";

export const restoreBegin: Policy = (scope) => [
  ...records(scope, "get", "put"),
  ...readObjects(scope),
  ...unwrap(scope, "domain-key"),
  ...describe(scope, "Instances", "Volumes", "Snapshots"),
  ...startSnapshots(scope),
];
