/** What may the deleting task of a collection do? It hides doomed packs and what newer epochs have replaced; it writes no object. */
import { type Policy, readObjects, records, trashObjects, unwrap } from "./statements.ts";

export const collectTrash: Policy = (scope) => [
  ...records(scope, "get", "put"),
  ...readObjects(scope),
  ...trashObjects(scope, "packs", "avoid", "maps", "hooks"),
  ...unwrap(scope, "domain-key"),
];
