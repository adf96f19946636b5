/** What may the end of a failed deletion do? It records the reason and tells. */
import { notices, type Policy, records } from "./statements.ts";

export const deleteBackupFail: Policy = (scope) => [...records(scope, "get", "put"), ...notices(scope)];
