/**
 * What may a unit of a backup do? It reads our snapshots, writes packs, and makes the key domain at its first use. It takes a
 * result back that refers to what was condemned meanwhile.
 */
import { type Policy, records, unwrap, wrap, writeObjects } from "./statements.ts";
import { listChanges, readBlocks } from "./volumes.ts";

export const backupGroupTransfer: Policy = (scope) => [
  ...records(scope, "get", "put", "add", "delete"),
  ...writeObjects(scope, "packs", "keys"),
  ...wrap(scope, "domain-key"),
  ...unwrap(scope, "domain-key"),
  ...readBlocks(scope),
  ...listChanges(scope),
];
