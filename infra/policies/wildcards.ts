/** Which actions are allowed on the resource `*`, and why is there nothing finer? Tests compare the list with the templates. */

interface Wildcard {
  readonly action: string;
  readonly reason: string;
  /** Page of the Service Authorization Reference whose row for the action names no resource type. */
  readonly page: string;
}

const EC2 = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html";
const LOGS = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html";

const describing = (what: string): Wildcard => ({
  action: `ec2:Describe${what}`,
  reason: "EC2 lists and describes without resource types; it reads, and shows no content of a volume",
  page: EC2,
});

/** Log deliveries are settings of the account; Step Functions makes them with the machine's role when a machine has a log. */
const delivering = (action: string): Wildcard => ({
  action: `logs:${action}`,
  reason: "a delivery of logs belongs to the account, not to a log group; state machines need it to write theirs",
  page: LOGS,
});

export const WILDCARDS: readonly Wildcard[] = [
  ...["Instances", "Volumes", "Snapshots", "ReplaceRootVolumeTasks", "NetworkInterfaces", "Subnets"].map(describing),
  ...[
    "CreateLogDelivery",
    "GetLogDelivery",
    "UpdateLogDelivery",
    "DeleteLogDelivery",
    "ListLogDeliveries",
    "PutResourcePolicy",
    "DescribeResourcePolicies",
    "DescribeLogGroups",
  ].map(delivering),
];
