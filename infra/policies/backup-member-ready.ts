/** What may the wait for a capture do? It looks at snapshots. */
import { type Policy, records } from "./statements.ts";
import { describe } from "./volumes.ts";

export const backupMemberReady: Policy = (scope) => [...records(scope, "get", "put"), ...describe(scope, "Snapshots")];
