/** What may the end of a failed removal do? It records the reason. */
import { type Policy, records } from "./statements.ts";

export const removeResourceFail: Policy = (scope) => [...records(scope, "get", "query", "put")];
