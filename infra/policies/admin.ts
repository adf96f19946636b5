/** What may the administration do? It makes the first domain, project, user and keys, and shows them once. */
import { type Policy, records, unwrap, wrap } from "./statements.ts";

export const admin: Policy = (scope) => [
  ...records(scope, "get", "put"),
  ...wrap(scope, "secret-access-key", "initial-password"),
  ...unwrap(scope, "secret-access-key", "initial-password"),
];
