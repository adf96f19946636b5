/** What may the last task of a run over a vault do? It counts what its members became, tells, and hides roots that they held. */
import { notices, type Policy, records, trashObjects } from "./statements.ts";

export const backupConclude: Policy = (scope) => [
  ...records(scope, "get", "query", "delete"),
  ...trashObjects(scope, "roots"),
  ...notices(scope),
];
