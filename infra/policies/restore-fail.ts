/** What may the end of a failed restore do? It undoes what can be undone, and tells. */
import { notices, type Policy, records } from "./statements.ts";
import { abandonRestore } from "./volumes.ts";

export const restoreFail: Policy = (scope) => [
  ...records(scope, "get", "getMany", "put", "delete"),
  ...abandonRestore(scope),
  ...notices(scope),
];
