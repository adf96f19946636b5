/** What may the first task of a backup do? It looks at the resource and opens the run. */
import { type Policy, records } from "./statements.ts";
import { describe } from "./volumes.ts";

export const backupMemberOpen: Policy = (scope) => [
  ...records(scope, "get", "put", "check"),
  ...describe(scope, "Instances", "Volumes"),
];
