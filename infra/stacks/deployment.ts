/** What do all stacks of a deployment share? */
import { Stack, type StackProps } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { type Names, namesOf, stackName } from "../names.ts";
import type { Options } from "../options.ts";

/** One stack of a deployment: named, tagged, with the deployment's names for its account and region. */
export class DeploymentStack extends Stack {
  readonly names: Names;
  readonly options: Options;

  constructor(
    scope: Construct,
    options: Options,
    part: Parameters<typeof stackName>[1],
    props: Pick<StackProps, "description" | "terminationProtection">,
  ) {
    const id = stackName(options.name, part);
    super(scope, id, { ...props, analyticsReporting: false, tags: { "holdfast:deployment": options.name } });
    this.options = options;
    const { partition, region, account, urlSuffix } = this;
    this.names = namesOf(options.name, { partition, region, account, urlSuffix });
  }
}
