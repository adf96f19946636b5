/** How are workflows started and looked at where AWS Step Functions runs them? */
import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { type JsonObject, LimitExceeded, Throttled } from "../../core/ports/record-store.ts";
import type { ExecutionStatus, WorkflowName, Workflows } from "../../core/ports/workflows.ts";

export interface StepFunctionsOptions {
  readonly client: SFNClient;
  /** `arn:<partition>:states:<region>:<account>:stateMachine:<deployment>-`: a workflow's name completes it. */
  readonly machines: string;
  /** Epoch milliseconds. Default: the system's clock. */
  readonly now?: () => number;
}

const NAME = /^[A-Za-z0-9_-]{1,80}$/;
/** Bytes of UTF-8 (AWS, "Service quotas" of Step Functions: input of an execution). */
const MOST_INPUT_BYTES = 262_144;
/** An execution that began longer before the call than clocks differ was begun by somebody else; ms. */
const CLOCK_SKEW_MS = 1000;
/** Starts that this process remembers. */
const REMEMBERED = 1000;

/**
 * Rights that the callers' roles need: states:StartExecution on the machines, states:DescribeExecution on their executions.
 *
 * While an execution runs, StartExecution with the same name and the same input succeeds and answers as it did the first
 * time (AWS, API reference of StartExecution: idempotent for STANDARD). Its `startDate` tells: one that this process was
 * given before, or that lies before the call, is another start's. Within a second of it a second process that starts
 * the same work is told `started` too; nothing runs twice.
 * @throws TypeError when `machines` is no such ARN
 */
export function createStepFunctions({ client, machines, now = Date.now }: StepFunctionsOptions): Workflows {
  if (!/^arn:[^:]+:states:[^:]+:[^:]*:stateMachine:[A-Za-z0-9_-]+-$/.test(machines))
    throw new TypeError(`machines: must be arn:…:stateMachine:NAME-, not "${machines}"`);
  const executions = machines.replace(":stateMachine:", ":execution:");
  const startedHere = new Set<string>();

  function isFirst(arn: string, startDate: Date | undefined, calledAt: number): boolean {
    if (startedHere.has(arn)) return false;
    if (startDate !== undefined && startDate.getTime() < calledAt - CLOCK_SKEW_MS) return false;
    startedHere.add(arn);
    const [oldest] = startedHere;
    if (startedHere.size > REMEMBERED && oldest !== undefined) startedHere.delete(oldest);
    return true;
  }

  return {
    async start(workflow, name, input) {
      checkName(name);
      const text = checkInput(input);
      const calledAt = now();
      try {
        const command = new StartExecutionCommand({ stateMachineArn: machines + workflow, name, input: text });
        const { executionArn, startDate } = await client.send(command);
        return isFirst(executionArn ?? `${workflow}:${name}`, startDate, calledAt) ? "started" : "exists";
      } catch (error) {
        // Another input, or an execution that has ended: the name counts.
        if (error instanceof ExecutionAlreadyExists) return "exists";
        throw portError(error);
      }
    },

    async status(workflow: WorkflowName, name: string): Promise<ExecutionStatus | undefined> {
      checkName(name);
      try {
        const executionArn = `${executions}${workflow}:${name}`;
        const { status } = await client.send(new DescribeExecutionCommand({ executionArn }));
        if (status === "SUCCEEDED") return "succeeded";
        // A redrive is an operator's repair: it goes on.
        return status === "RUNNING" || status === "PENDING_REDRIVE" ? "running" : "failed";
      } catch (error) {
        if (error instanceof ExecutionDoesNotExist) return undefined;
        throw portError(error);
      }
    },
  };
}

function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw new LimitExceeded(`execution name "${name}": 1 to 80 characters of A-Z, a-z, 0-9, _ and -`);
}

function checkInput(input: JsonObject): string {
  const text = JSON.stringify(input);
  const bytes = Buffer.byteLength(text);
  if (bytes > MOST_INPUT_BYTES) throw new LimitExceeded(`execution input: ${bytes} bytes, at most ${MOST_INPUT_BYTES}`);
  return text;
}

/**
 * `Throttled` when the service said so after all retries, or has as many open executions as it takes: the tick starts what
 * was promised later.
 */
function portError(error: unknown): unknown {
  if (!(error instanceof Error) || !THROTTLING.has(error.name)) return error;
  return new Throttled(`Step Functions: ${error.name}: ${error.message}`, { cause: error });
}

const THROTTLING: ReadonlySet<string> = new Set([
  "ThrottlingException",
  "TooManyRequestsException",
  "ExecutionLimitExceeded",
  "KmsThrottlingException",
]);
