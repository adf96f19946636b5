/** Which CloudFormation stacks does a deployment have? */
import type { App } from "aws-cdk-lib/core";
import { FUNCTIONS } from "../functions/aws/functions.ts";
import { bundle } from "./bundles.ts";
import { workflowSources } from "./machines/sources.ts";
import type { Options } from "./options.ts";
import { ApiStack } from "./stacks/api.ts";
import { type CodeOf, ComputeStack } from "./stacks/compute.ts";
import { DataStack } from "./stacks/data.ts";
import { WatchStack } from "./stacks/watch.ts";

/**
 * Adds the stacks of a deployment, by lifetime. Data stays; the others hold no state and can be deleted and made again.
 * @throws DefinitionInvalid when workflows and functions do not fit
 */
export function addStacks(app: App, options: Options, codeOf: CodeOf): void {
  const data = new DataStack(app, options);
  const compute = new ComputeStack(app, options, { keyArn: data.keyArn, codeOf });
  const api = new ApiStack(app, options);
  api.addStackDependency(compute, "the API calls its function by name");
  const watch = new WatchStack(app, options, { apiId: api.apiId, workflows: Object.keys(workflowSources()) });
  watch.addStackDependency(compute, "alarms go to the topic by name");
}

/** The code of all functions, from their sources. @throws BundleTooLarge */
export async function bundledCode(): Promise<CodeOf> {
  const bundles = await bundle([...new Set(FUNCTIONS.map(({ entry }) => entry))]);
  return ({ entry }, bootstrap) => {
    const made = bundles.get(entry);
    if (made === undefined) throw new TypeError(`no bundle of ${entry}`);
    return bootstrap ? made.withBootstrap() : made.folder;
  };
}
