/** Workflows in Step Functions. */
import { createSfnClient } from "../../../adapters/aws/clients/sfn.ts";
import { createStepFunctions } from "../../../adapters/aws/step-functions.ts";
import type { Workflows } from "../../../core/ports/workflows.ts";
import type { Host } from "../services.ts";

export function workflows(host: Host): { readonly workflows: Workflows } {
  const client = createSfnClient(host.onCall);
  return { workflows: createStepFunctions({ client, machines: host.variable("HOLDFAST_MACHINES") }) };
}
