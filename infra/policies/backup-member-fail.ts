/** What may the end of a failed backup do? It frees the capture and tells. */
import { notices, type Policy, records } from "./statements.ts";
import { deleteSnapshots } from "./volumes.ts";

export const backupMemberFail: Policy = (scope) => [
  ...records(scope, "get", "put", "delete", "check"),
  ...deleteSnapshots(scope),
  ...notices(scope),
];
