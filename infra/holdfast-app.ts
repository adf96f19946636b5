/** Which CloudFormation stacks does a deployment have? */
import { App, type AppProps } from "aws-cdk-lib/core";
import { FUNCTIONS } from "../functions/aws/functions.ts";
import { bundle } from "./bundles.ts";
import { workflowSources } from "./machines/sources.ts";
import { readOptions } from "./options.ts";
import { ApiStack } from "./stacks/api.ts";
import { type CodeOf, ComputeStack } from "./stacks/compute.ts";
import { DataStack } from "./stacks/data.ts";
import { WatchStack } from "./stacks/watch.ts";

/**
 * The CDK application: stacks by lifetime. Data stays; the others hold no state and can be deleted and made again.
 * @throws OptionInvalid, DefinitionInvalid
 */
export function holdfastApp(props: AppProps, codeOf: CodeOf): App {
  const app = new App(props);
  const options = readOptions(app.node.getAllContext());
  const data = new DataStack(app, options);
  const compute = new ComputeStack(app, options, { keyArn: data.keyArn, codeOf });
  const api = new ApiStack(app, options);
  api.addStackDependency(compute, "the API calls its function by name");
  const watch = new WatchStack(app, options, { apiId: api.apiId, workflows: Object.keys(workflowSources()) });
  watch.addStackDependency(compute, "alarms go to the topic by name");
  return app;
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
