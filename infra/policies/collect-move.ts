/** What may the moving task of a collection do? It copies live frames into new packs and publishes where they are; it hides nothing. */
import { type Policy, records, unwrap, writeObjects } from "./statements.ts";

export const collectMove: Policy = (scope) => [
  ...records(scope, "get", "query", "put", "delete"),
  ...writeObjects(scope, "packs", "maps", "avoid"),
  ...unwrap(scope, "domain-key"),
];
