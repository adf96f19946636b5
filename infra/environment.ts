/** Which variables does a function get? */
import { type VariableName, variablesOf } from "../functions/aws/env.ts";
import type { FunctionSpec } from "../functions/aws/functions.ts";
import type { Names } from "./names.ts";
import type { Options } from "./options.ts";

/** Exactly the variables that the function's parts read; one that has no value here does not compile. */
export function environmentOf(
  { parts }: FunctionSpec,
  { names, keyArn, options }: { readonly names: Names; readonly keyArn: string; readonly options: Options },
): Readonly<Record<string, string>> {
  const all: Readonly<Record<VariableName, string>> = {
    HOLDFAST_NAME: names.name,
    HOLDFAST_TABLE: names.table,
    HOLDFAST_BUCKET: names.bucket,
    HOLDFAST_KEY: keyArn,
    HOLDFAST_TOPIC: names.topicArn,
    HOLDFAST_MACHINES: names.machineArnPrefix,
    HOLDFAST_REGION_NAME: options.regionName ?? names.place.region,
    HOLDFAST_UNIT_BUDGET_MS: String(options.unitBudgetMs),
    HOLDFAST_MOST_GROUPS: String(options.mostGroups),
    // The level of this host: design of the data plane (a function's processor is slower than its network).
    HOLDFAST_LEVEL: "3",
  };
  return Object.fromEntries(variablesOf(parts).map((name) => [name, all[name]]));
}
