/**
 * What may the administration do? It makes and changes accounts and their keys, and can never open what it sealed; it freezes vaults
 * and tells.
 */
import { notices, type Policy, records, wrap } from "./statements.ts";

export const admin: Policy = (scope) => [
  ...records(scope, "get", "query", "put", "delete"),
  ...wrap(scope, "secret-access-key", "initial-password"),
  ...notices(scope),
];
