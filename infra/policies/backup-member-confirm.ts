/** What may the check after the last read do? It looks at the run: a snapshot does not change. */
import { type Policy, records } from "./statements.ts";

export const backupMemberConfirm: Policy = (scope) => [...records(scope, "get")];
