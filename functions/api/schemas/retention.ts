/** Bodies of the retention operations of ours. */
import { z } from "zod";
import { checkDefinition } from "../../../core/domain/policy.ts";
import { definition } from "./policies.ts";

/** POST holdfast/held-plans/{id}/confirm: which plan was looked at. Strict: a misspelt `plan_id` would confirm any. */
export const confirmBody = z.strictObject({ plan_id: z.string().min(1).max(64).optional() });

/** POST holdfast/policies/{id}/preview: the rule to try, as a policy would be given it. @throws Fault 9900 as a policy's would */
export const previewBody = z.object({ operation_definition: definition }).transform(({ operation_definition }) => {
  checkDefinition("backup", operation_definition);
  return operation_definition;
});
