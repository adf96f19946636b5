/** What may the end of a failed deletion do? */
import { notices, type Policy, records } from "./statements.ts";

export const deleteBackupFail: Policy = (scope) => [...records(scope, "get", "put"), ...notices(scope)];
