/** What may the end of a restore do? It frees what the restore made and does not need any more, and tells. */
import { notices, type Policy, records } from "./statements.ts";
import { abandonRestore } from "./volumes.ts";

export const restoreConclude: Policy = (scope) => [
  ...records(scope, "get", "getMany", "put", "delete"),
  ...abandonRestore(scope),
  ...notices(scope),
];
