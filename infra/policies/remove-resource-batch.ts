/** What may a batch of a resource's removal do? It deletes backups, then lets go of the resource. */
import { type Policy, records, trashObjects, unwrap, writeObjects } from "./statements.ts";

export const removeResourceBatch: Policy = (scope) => [
  ...records(scope, "get", "getMany", "query", "g3", "put", "delete"),
  ...writeObjects(scope, "intents"),
  ...trashObjects(scope, "roots"),
  ...unwrap(scope, "domain-key"),
];
