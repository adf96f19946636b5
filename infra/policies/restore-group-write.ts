/** What may a unit of a restore do? It reads packs and writes snapshots of ours. */
import { type Policy, readObjects, records, unwrap } from "./statements.ts";
import { writeBlocks } from "./volumes.ts";

export const restoreGroupWrite: Policy = (scope) => [
  ...records(scope, "get", "put", "add"),
  ...readObjects(scope),
  ...unwrap(scope, "domain-key"),
  ...writeBlocks(scope),
];
