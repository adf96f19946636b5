/** What may the first task of a run over a vault do? It reads the run's members. */
import { type Policy, records } from "./statements.ts";

export const backupPrepare: Policy = (scope) => [...records(scope, "query")];
