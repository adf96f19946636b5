/** What may the end of a failed collection do? It gives the lease back and tells. */
import { notices, type Policy, records } from "./statements.ts";

export const collectFail: Policy = (scope) => [...records(scope, "get", "put"), ...notices(scope)];
