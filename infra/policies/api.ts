/** What may the API do? It records and starts work; it never touches backup data, and changes nothing in EC2. */
import { type Policy, records, start, unwrap, wrap } from "./statements.ts";
import { describe } from "./volumes.ts";

export const api: Policy = (scope) => [
  ...records(scope, "get", "getMany", "query", "g1", "g2", "g3", "put", "delete", "check"),
  ...unwrap(scope, "secret-access-key", "temporary-secret-key", "audit-batch"),
  // Permanent keys are sealed by the administration alone: nothing that the API may do makes one.
  ...wrap(scope, "temporary-secret-key"),
  ...describe(scope, "Instances", "Volumes"),
  ...start(scope, "backup", "restore", "delete-backup", "delete-vault", "remove-resource"),
];
