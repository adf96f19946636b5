/**
 * What may the last task of a run over a vault do? It counts what its members became, lets the vault grow, says in the ledger of a
 * policy's runs what became of it, tells, and hides roots that they held; of those that a failed member left it writes the intents first.
 */
import { notices, type Policy, records, trashObjects, writeObjects } from "./statements.ts";

export const backupConclude: Policy = (scope) => [
  ...records(scope, "get", "query", "put", "delete", "check"),
  ...writeObjects(scope, "intents"),
  ...trashObjects(scope, "roots"),
  ...notices(scope),
];
