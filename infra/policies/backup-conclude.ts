/** What may the last task of a run over a vault do? It counts what its members became, and tells. */
import { notices, type Policy, records } from "./statements.ts";

export const backupConclude: Policy = (scope) => [...records(scope, "get", "query"), ...notices(scope)];
