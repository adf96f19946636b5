/** What may the minute's work do? It starts what was promised, and ends what cannot end itself. */
import { deadLetters, notices, type Policy, records, start, status, wrap } from "./statements.ts";
import { abandonRestore } from "./volumes.ts";

export const tick: Policy = (scope) => [
  ...records(scope, "get", "getMany", "query", "put", "delete", "check"),
  // It seals the audit trail; whoever can change the trail must not have this.
  ...wrap(scope, "audit-batch"),
  ...start(scope, "backup", "backup-member", "restore", "delete-backup", "delete-vault", "remove-resource", "collect"),
  ...status(scope, "backup", "backup-member", "restore", "delete-backup", "delete-vault", "remove-resource"),
  ...abandonRestore(scope),
  ...notices(scope),
  deadLetters(scope),
];
