/** What may the end of a failed deletion of a vault do? It records the reason and tells. */
import { notices, type Policy, records } from "./statements.ts";

export const deleteVaultFail: Policy = (scope) => [...records(scope, "get", "query", "put"), ...notices(scope)];
