/** What may the minute's work do? It starts what was promised, ends what cannot end itself, and does what rules and dates say. */
import { deadLetters, notices, type Policy, records, start, status } from "./statements.ts";
import { abandonRestore } from "./volumes.ts";

export const tick: Policy = (scope) => [
  ...records(scope, "get", "getMany", "query", "g3", "put", "delete", "check"),
  ...start(scope, "backup", "backup-member", "restore", "delete-backup", "delete-vault", "remove-resource", "collect"),
  ...status(scope, "backup", "backup-member", "restore", "delete-backup", "delete-vault", "remove-resource"),
  ...abandonRestore(scope),
  ...notices(scope),
  deadLetters(scope),
];
