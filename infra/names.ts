/** What is everything of a deployment called? Names are computed, so that stacks need no exports of one another's. */

/** Where a deployment is; values may be CloudFormation tokens. */
export interface Place {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  /** `amazonaws.com`; another in China. */
  readonly urlSuffix: string;
}

/** Names and ARNs of one deployment. */
export type Names = ReturnType<typeof namesOf>;

/**
 * Physical names begin with the deployment's name, which holds no hyphen, so no two deployments of an account share one.
 * Roles are of the whole account, not of a region, hence the region in their names; buckets of the whole world. What is of a
 * region has no region in its name.
 */
export function namesOf(name: string, place: Place) {
  const { partition, region, account } = place;
  const arn = (service: string, rest: string): string => `arn:${partition}:${service}:${region}:${account}:${rest}`;
  const bucket = `${name}-${account}-${region}`;
  return {
    name,
    place,
    arn,
    table: name,
    tableArn: arn("dynamodb", `table/${name}`),
    bucket,
    bucketArn: `arn:${partition}:s3:::${bucket}`,
    keyAlias: `alias/${name}`,
    // Dashboards are of the whole account too.
    dashboard: `${name}-${region}`,
    topic: name,
    topicArn: arn("sns", name),
    deadLetters: `${name}-dead-letters`,
    deadLettersArn: arn("sqs", `${name}-dead-letters`),
    function: (fn: string): string => `${name}-${fn}`,
    functionArn: (fn: string): string => arn("lambda", `function:${name}-${fn}`),
    machine: (workflow: string): string => `${name}-${workflow}`,
    machineArn: (workflow: string): string => arn("states", `stateMachine:${name}-${workflow}`),
    /** A workflow's name completes it. */
    machineArnPrefix: arn("states", `stateMachine:${name}-`),
    /** Every execution of a workflow, whatever it is called. */
    executionArns: (workflow: string): string => arn("states", `execution:${name}-${workflow}:*`),
    role: (fn: string): string => `${name}-${fn}-${region}`,
    rule: (what: string): string => `${name}-${what}`,
    functionLogs: (fn: string): string => `/aws/lambda/${name}-${fn}`,
    /** The prefix keeps the account's log resource policy short: Step Functions guide, "Logging using CloudWatch Logs". */
    machineLogs: `/aws/vendedlogs/states/${name}`,
    accessLogs: `/aws/vendedlogs/apis/${name}`,
    eventBusArn: arn("events", "event-bus/default"),
  };
}

/** `holdfast` → `HoldfastData`: stacks by lifetime. */
export const stackName = (name: string, part: "Data" | "Compute" | "Api" | "Watch"): string =>
  `${name.charAt(0).toUpperCase()}${name.slice(1)}${part}`;
