/** What does a function inside a VPC need besides its own policy? Lambda's network interfaces, which its own code may not touch. */
import type { Names } from "../names.ts";
import type { Statement } from "./statements.ts";

/**
 * Lambda guide, "Giving Lambda functions access to resources in an Amazon VPC": the permissions, that describing works with
 * all resources only (wildcards.ts), and the Deny that leaves them to the Lambda service.
 */
export function networkInterfaces(names: Names, fn: string, subnets: readonly string[]): readonly Statement[] {
  const interfaces = names.arn("ec2", "network-interface/*");
  const changing = ["ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"];
  return [
    { actions: ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"], resources: ["*"] },
    {
      actions: ["ec2:CreateNetworkInterface"],
      resources: [
        ...subnets.map((subnet) => names.arn("ec2", `subnet/${subnet}`)),
        names.arn("ec2", "security-group/*"),
        interfaces,
      ],
    },
    { actions: changing, resources: [interfaces] },
    {
      deny: true,
      actions: ["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", ...changing],
      resources: ["*"],
      conditions: { ArnEquals: { "lambda:SourceFunctionArn": names.functionArn(fn) } },
    },
  ];
}
