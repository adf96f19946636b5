/** What may the deletion of a backup do? It writes intents, and hides roots that nothing pins, and tells. */
import { notices, type Policy, records, trashObjects, unwrap, writeObjects } from "./statements.ts";

export const deleteBackupRemove: Policy = (scope) => [
  ...records(scope, "get", "query", "put", "delete"),
  ...writeObjects(scope, "intents"),
  ...trashObjects(scope, "roots"),
  ...unwrap(scope, "domain-key"),
  ...notices(scope),
];
