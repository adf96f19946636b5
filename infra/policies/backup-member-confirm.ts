/** What may the check after the last read do? It looks whether all snapshots are still there. */
import { type Policy, records } from "./statements.ts";
import { describe } from "./volumes.ts";

export const backupMemberConfirm: Policy = (scope) => [...records(scope, "get"), ...describe(scope, "Snapshots")];
