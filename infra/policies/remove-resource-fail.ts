/** What may the end of a failed removal do? */
import { notices, type Policy, records } from "./statements.ts";

export const removeResourceFail: Policy = (scope) => [...records(scope, "get", "query", "put"), ...notices(scope)];
