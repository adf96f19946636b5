/** What may the end of a collection do? It gives the lease back and tells what only people can settle. */
import { notices, type Policy, records } from "./statements.ts";

export const collectFinish: Policy = (scope) => [...records(scope, "get", "put"), ...notices(scope)];
