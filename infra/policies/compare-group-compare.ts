/** What may a unit of a comparison do? It reads packs and our snapshots. */
import { type Policy, readObjects, records, unwrap } from "./statements.ts";
import { readBlocks } from "./volumes.ts";

export const compareGroupCompare: Policy = (scope) => [
  ...records(scope, "get", "put", "add"),
  ...readObjects(scope),
  ...unwrap(scope, "domain-key"),
  ...readBlocks(scope),
];
