/** Which findings of cdk-nag's AWS Solutions rules do we accept, and why? A test fails on any other, and on an entry unused. */

interface NagException {
  /** The finding, as cdk-nag names it. */
  readonly finding: RegExp;
  /** Path of the construct. */
  readonly at: RegExp;
  readonly reason: string;
}

const role = /^\w+Compute\/[a-z-]+-role\/Resource$/;
const machine = /^\w+Compute\/machine-[a-z-]+\/Resource$/;

export const NAG_EXCEPTIONS: readonly NagException[] = [
  {
    finding: /^AwsSolutions-S1$/,
    at: /Data\/Objects\/Resource$/,
    reason:
      "what is read is ciphertext, and each role's reads are listed in infra/policies; who wants to know each read switches on CloudTrail's data events, which are complete, while access logs are best effort",
  },
  {
    finding: /^AwsSolutions-S10$/,
    at: /Data\/Objects\/(Policy\/)?Resource$/,
    reason: "TLS is required for everything but GetBucketLocation: NotAction, which the rule does not read",
  },
  {
    finding: /^AwsSolutions-SQS3$/,
    at: /dead-letters\/Resource$/,
    reason: "it is the queue of dead letters, of functions and rules",
  },
  {
    finding: /^AwsSolutions-SQS4$/,
    at: /dead-letters\/Resource$/,
    reason: "TLS is required for the seven actions that carry messages or settings; the rule knows only sqs:*",
  },
  {
    finding: /^AwsSolutions-SF1$/,
    at: machine,
    reason:
      "errors are logged; a log of every state of every group would cost more than the states, and the outcome of all work is in the table",
  },
  {
    finding: /^AwsSolutions-SF2$/,
    at: machine,
    reason: "traces of machines that run for hours show less than the task's own record does",
  },
  {
    finding: /^AwsSolutions-APIG4$/,
    at: /Api\/api\/DefaultRoute\/Resource$/,
    reason:
      "the handler authenticates each request: CBR tokens and two dialects of signatures, none of which API Gateway knows",
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::\*\]$/,
    at: role,
    reason: "actions that know no resource types: infra/policies/wildcards.ts, compared with the templates",
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::.*:log-group:\/aws\/lambda\/[a-z0-9-]+:log-stream:\*\]$/,
    at: role,
    reason: "Lambda names a function's log streams while it runs",
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::.*:execution:[a-z0-9-]+:\*\]$/,
    at: role,
    reason: "executions of one machine are named while it runs, by backup or task",
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::.*:s3:::[^/]*(\/\*\/(packs|roots|intents|keys|hooks|avoid|maps))?\/\*\]$/,
    at: role,
    reason: "objects are named while the service runs; their kinds, and the bucket, are fixed",
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::.*:ec2:<AWS::Region>::snapshot\/\*\]$/,
    at: role,
    reason: "snapshots get their ids from EC2; a condition on our tag stands beside each",
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::.*:ec2:.*:(network-interface|security-group)\/\*\]$/,
    at: role,
    reason: "inside a VPC Lambda makes and removes its own network interfaces; the functions' code is denied it",
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::.*:ec2:.*:(volume|instance|replace-root-volume-task)\/\*\]$/,
    at: role,
    reason:
      "any volume and server of the account may be protected, and theirs carry no tag of ours; what is deleted must",
  },
];
