/** What may a state machine do? Invoke its tasks, start and watch its children, write its log. */
import type { Names } from "../names.ts";
import type { Statement } from "../policies/statements.ts";
import type { Definition } from "./definition.ts";

/**
 * Statements of one machine, from what its definition calls.
 * @param functionOf the function of a task
 */
export function machinePolicy(
  names: Names,
  { tasks, children }: Definition,
  functionOf: (task: string) => string,
): readonly Statement[] {
  return [
    ...(tasks.length === 0 ? [] : [{ actions: ["lambda:InvokeFunction"], resources: tasks.map(functionOf) }]),
    ...(children.length === 0 ? [] : childStatements(names, children)),
    {
      // CloudWatch's log deliveries know no resources: wildcards.ts.
      actions: [
        "logs:CreateLogDelivery",
        "logs:GetLogDelivery",
        "logs:UpdateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:DescribeResourcePolicies",
        "logs:DescribeLogGroups",
      ],
      resources: ["*"],
    },
  ];
}

/** `startExecution.sync:2` waits by a rule of its own: Step Functions guide, "IAM policies for … Step Functions". */
const childStatements = (names: Names, children: readonly string[]): readonly Statement[] => [
  { actions: ["states:StartExecution"], resources: children.map(names.machineArn) },
  { actions: ["states:DescribeExecution", "states:StopExecution"], resources: children.map(names.executionArns) },
  {
    actions: ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
    resources: [names.arn("events", "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule")],
  },
];
