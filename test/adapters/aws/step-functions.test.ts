/** What do Step Functions' own rules make of starts and looks? Fakes: the emulator does not keep these rules. */
import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  ExecutionLimitExceeded,
  type SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { describe, expect, test } from "vitest";
import { createStepFunctions } from "../../../adapters/aws/step-functions.ts";
import { LimitExceeded, Throttled } from "../../../core/ports/record-store.ts";

const machines = "arn:aws:states:eu-west-1:123456789012:stateMachine:holdfast-";
const NOW = Date.UTC(2030, 0, 2);

/** A client that answers with what `reply` returns, and keeps what it was asked. */
function fake(reply: (command: object) => object | Error) {
  const asked: object[] = [];
  const client = {
    async send(command: object) {
      asked.push(command);
      const answer = reply(command);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  } as unknown as SFNClient;
  return { asked, workflows: createStepFunctions({ client, machines, now: () => NOW }) };
}
const metadata = { $metadata: {}, message: "no" };
const named = (name: string) => Object.assign(new Error("slow down"), { name });

describe("starting", () => {
  test("asks for the machine of the workflow, under the name, with the input as JSON", async () => {
    const { workflows, asked } = fake(() => ({ executionArn: "e", startDate: new Date(NOW) }));
    expect(await workflows.start("backup-member", "b-1", { id: "é" })).toBe("started");
    expect(asked[0]).toBeInstanceOf(StartExecutionCommand);
    expect((asked[0] as StartExecutionCommand).input).toEqual({
      stateMachineArn: `${machines}backup-member`,
      name: "b-1",
      input: '{"id":"é"}',
    });
  });

  // AWS, API reference of StartExecution: same name and input of a running execution → 200, the first answer again.
  test("is `exists` when the answer is that of an execution begun before the call", async () => {
    const { workflows } = fake(() => ({ executionArn: "e", startDate: new Date(NOW - 60_000) }));
    expect(await workflows.start("backup", "b-1", {})).toBe("exists");
  });

  test("is `exists` the second time in one process, however soon it comes", async () => {
    const { workflows } = fake(() => ({ executionArn: "e", startDate: new Date(NOW) }));
    expect(await workflows.start("backup", "b-1", {})).toBe("started");
    expect(await workflows.start("backup", "b-1", {})).toBe("exists");
  });

  test("is `started` although the clock here is half a second ahead of the service's", async () => {
    const { workflows } = fake(() => ({ executionArn: "e", startDate: new Date(NOW - 500) }));
    expect(await workflows.start("backup", "b-1", {})).toBe("started");
  });

  test("is `exists` when the name was used with another input, or has ended", async () => {
    const { workflows } = fake(() => new ExecutionAlreadyExists(metadata));
    expect(await workflows.start("backup", "b-1", {})).toBe("exists");
  });

  test.each(["ThrottlingException", "TooManyRequestsException"])("is Throttled after %s", async (name) => {
    const { workflows } = fake(() => named(name));
    await expect(workflows.start("backup", "b-1", {})).rejects.toThrow(Throttled);
  });

  // AWS, Step Functions quotas: 1,000,000 open executions.
  test("is Throttled when the account has as many open executions as it may", async () => {
    const { workflows } = fake(() => new ExecutionLimitExceeded(metadata));
    await expect(workflows.start("backup", "b-1", {})).rejects.toThrow(Throttled);
  });

  test("passes on what it does not know", async () => {
    const { workflows } = fake(() => named("AccessDeniedException"));
    await expect(workflows.start("backup", "b-1", {})).rejects.toMatchObject({ name: "AccessDeniedException" });
  });

  test("refuses bad names and inputs that are too long before anything is asked", async () => {
    const { workflows, asked } = fake(() => ({}));
    await expect(workflows.start("backup", "a b", {})).rejects.toThrow(LimitExceeded);
    // 131,072 letters of two bytes: the limit is one of bytes.
    await expect(workflows.start("backup", "b", { t: "é".repeat(131_072) })).rejects.toThrow(/input: 262152 bytes/);
    expect(asked).toEqual([]);
  });
});

describe("looking", () => {
  test("asks for the execution by its computed ARN; nothing is listed", async () => {
    const { workflows, asked } = fake(() => ({ status: "RUNNING" }));
    expect(await workflows.status("delete-vault", "t-1")).toBe("running");
    expect(asked[0]).toBeInstanceOf(DescribeExecutionCommand);
    expect((asked[0] as DescribeExecutionCommand).input).toEqual({
      executionArn: "arn:aws:states:eu-west-1:123456789012:execution:holdfast-delete-vault:t-1",
    });
  });

  test.each([
    ["RUNNING", "running"],
    ["PENDING_REDRIVE", "running"],
    ["SUCCEEDED", "succeeded"],
    ["FAILED", "failed"],
    ["TIMED_OUT", "failed"],
    ["ABORTED", "failed"],
  ])("%s is %s", async (status, expected) => {
    expect(await fake(() => ({ status })).workflows.status("backup", "b")).toBe(expected);
  });

  test("an execution that never was, or is forgotten after 90 days, is undefined", async () => {
    const { workflows } = fake(() => new ExecutionDoesNotExist(metadata));
    expect(await workflows.status("backup", "b")).toBeUndefined();
  });

  test("is Throttled when the service says so", async () => {
    await expect(fake(() => named("ThrottlingException")).workflows.status("backup", "b")).rejects.toThrow(Throttled);
  });
});

test("an ARN prefix that is none is refused at once", () => {
  const client = {} as SFNClient;
  expect(() => createStepFunctions({ client, machines: "holdfast-" })).toThrow(/machines/);
});
