/** What may a batch of a vault's deletion do? It deletes backups and lets go of resources, then of the vault, and tells. */
import { notices, type Policy, records, trashObjects, unwrap, writeObjects } from "./statements.ts";

export const deleteVaultBatch: Policy = (scope) => [
  ...records(scope, "get", "getMany", "query", "g3", "put", "delete"),
  ...writeObjects(scope, "intents"),
  ...trashObjects(scope, "roots"),
  ...unwrap(scope, "domain-key"),
  ...notices(scope),
];
