/** What may the last task of a backup do? It writes roots and hooks, and lets go of what nothing compares with: hooks of the parent, snapshots. It tells. */
import { notices, type Policy, records, trashObjects, unwrap, writeObjects } from "./statements.ts";
import { deleteSnapshots, describe } from "./volumes.ts";

export const backupMemberSeal: Policy = (scope) => [
  ...records(scope, "get", "query", "put", "delete", "check"),
  ...writeObjects(scope, "roots", "hooks"),
  ...trashObjects(scope, "hooks"),
  ...unwrap(scope, "domain-key"),
  ...describe(scope, "Snapshots"),
  ...deleteSnapshots(scope),
  ...notices(scope),
];
