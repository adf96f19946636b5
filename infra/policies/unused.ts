/** What do the policies allow that no test on emulators calls, and why? The list fails when it is out of date (zz-iam.test.ts). */
import type { Unused } from "../compare-calls.ts";

export const UNUSED: readonly Unused[] = [
  {
    functions: "every",
    actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
    reason: "the Lambda service writes the log with the function's role",
  },
  {
    functions: ["tick", "sweep"],
    actions: ["sqs:SendMessage"],
    reason: "the Lambda service leaves an event that failed in the queue, with the function's role",
  },
];
