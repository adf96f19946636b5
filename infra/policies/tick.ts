/**
 * What may the minute's work do? It starts what was promised and what policies say, ends what cannot end itself, and does what
 * retention rules and dates say. It seals the audit trail.
 */
import { deadLetters, notices, type Policy, records, start, status, wrap } from "./statements.ts";
import { abandonRestore, describe } from "./volumes.ts";

export const tick: Policy = (scope) => [
  // g1: what brings up the records of an earlier version walks vaults and backups.
  ...records(scope, "get", "getMany", "query", "g1", "g3", "put", "delete", "check"),
  // Whoever can change the audit trail must not have this.
  ...wrap(scope, "audit-batch"),
  ...start(scope, "backup", "backup-member", "restore", "delete-backup", "delete-vault", "remove-resource", "collect"),
  ...status(scope, "backup", "backup-member", "restore", "delete-backup", "delete-vault", "remove-resource"),
  // A run begins with a look at the vault's servers and volumes.
  ...describe(scope, "Instances", "Volumes"),
  ...abandonRestore(scope),
  ...notices(scope),
  deadLetters(scope),
];
