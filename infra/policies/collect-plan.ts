/** What may the judging task of a collection do? It hides roots that were let go of, reads all that refers to packs, and publishes verdicts. */
import { notices, type Policy, records, trashObjects, unwrap, writeObjects } from "./statements.ts";

export const collectPlan: Policy = (scope) => [
  ...records(scope, "get", "getMany", "query", "put", "delete"),
  ...writeObjects(scope, "avoid", "maps", "intents"),
  ...trashObjects(scope, "roots"),
  ...unwrap(scope, "domain-key"),
  ...notices(scope),
];
