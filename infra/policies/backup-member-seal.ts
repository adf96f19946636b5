/** What may the last task of a backup do? It writes and reads roots, and lets go of snapshots that nothing compares with. */
import { type Policy, records, unwrap, writeObjects } from "./statements.ts";
import { deleteSnapshots, describe } from "./volumes.ts";

export const backupMemberSeal: Policy = (scope) => [
  ...records(scope, "get", "query", "put", "delete"),
  ...writeObjects(scope, "roots"),
  ...unwrap(scope, "domain-key"),
  ...describe(scope, "Snapshots"),
  ...deleteSnapshots(scope),
];
