/**
 * What may the administration do? It makes the first domain, project, user and keys, and can never open what it sealed; it
 * freezes vaults and tells.
 */
import { notices, type Policy, records, wrap } from "./statements.ts";

export const admin: Policy = (scope) => [
  ...records(scope, "get", "put"),
  ...wrap(scope, "secret-access-key", "initial-password"),
  ...notices(scope),
];
