/** Is what a workflow caught told as the code and the sentence of the error that began it, however deep that lies? */
import { describe, expect, test } from "vitest";
import { type CaughtError, failureOf } from "../../core/app/failure.ts";

/** As a Lambda function's error comes: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html */
const lambda = (errorType: string, errorMessage: string): CaughtError => ({
  Error: errorType,
  Cause: JSON.stringify({ errorType, errorMessage, trace: [`${errorType}: ${errorMessage}`, "    at handler"] }),
});
/**
 * As a failed child execution comes from startExecution.sync:2: DescribeExecution's answer with capitalised keys.
 * https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
 */
const child = (inner: CaughtError, more: object = { Status: "FAILED" }): CaughtError => ({
  Error: "States.TaskFailed",
  Cause: JSON.stringify({
    ExecutionArn: "arn:aws:states:eu-central-1:123456789012:execution:backup-group:b-1-0-0",
    Input: '{"backupId":"b","group":0}',
    InputDetails: { Included: true },
    Name: "b-1-0-0",
    RedriveCount: 0,
    RedriveStatus: "REDRIVABLE",
    StartDate: 1893553445000,
    StateMachineArn: "arn:aws:states:eu-central-1:123456789012:stateMachine:backup-group",
    StopDate: 1893553446000,
    ...inner,
    ...more,
  }),
});
/** As the one-machine runner reports it. */
const localChild = (inner: CaughtError): CaughtError => ({
  Error: "States.TaskFailed",
  Cause: JSON.stringify({
    ExecutionArn: "local:execution:backup-group:b-1-0-0",
    StateMachineArn: "local:stateMachine:backup-group",
    Name: "b-1-0-0",
    Status: "FAILED",
    StartDate: 1893553445000,
    StopDate: 1893553446000,
    ...inner,
  }),
});
const told = (code: string, message: string) => ({ code: `BackupService.${code}`, message });

const plain = { Error: "StoreFull", Cause: "no room in the repository" };
const fault = { Error: "Fault", Cause: "2011: disk d1 is in use" };

describe("an error", () => {
  test.each<[string, CaughtError, { code: string; message: string }]>([
    ["of a task on one machine", plain, told("6401", "no room in the repository")],
    ["of a Lambda function", lambda("StoreFull", "no room"), told("6401", "no room")],
    ["with a code of its own", fault, told("2011", "disk d1 is in use")],
    ["with a code of its own, of a function", lambda("Fault", "2011: in use"), told("2011", "in use")],
    ["with a code that is no fault", { Error: "Odd", Cause: "1234: text" }, told("9910", "1234: text")],
    ["of several lines", { Error: "Fault", Cause: "6215: one\ntwo" }, told("6215", "one\ntwo")],
    ["that nobody foresaw", { Error: "TypeError", Cause: "x is not a function" }, told("9910", "x is not a function")],
    ["without a cause", { Error: "States.Timeout", Cause: "" }, told("9910", "States.Timeout")],
    ["without anything", {}, told("9910", "unknown error")],
    ["whose cause only looks like JSON", { Error: "E", Cause: "{oops" }, told("9910", "{oops")],
    ["whose cause is other JSON", { Error: "E", Cause: '{"a":1}' }, told("9910", '{"a":1}')],
    ["whose source changed", { Error: "SourceChanged", Cause: "torn" }, told("6215", "torn")],
    ["that differs", lambda("SourceDiffers", "d1 differs in block 3"), told("6215", "d1 differs in block 3")],
  ])("%s", (_, caught, expected) => {
    expect(failureOf(caught)).toEqual(expected);
  });
});

describe("the failure of a child execution", () => {
  test.each<[string, CaughtError, { code: string; message: string }]>([
    ["is its function's", child(lambda("StoreFull", "no room")), told("6401", "no room")],
    ["is its function's fault", child(lambda("Fault", "2011: disk d1 is in use")), told("2011", "disk d1 is in use")],
    ["is its child's function's", child(child(lambda("Damaged", "pack is gone"))), told("9910", "pack is gone")],
    ["is a time-out by name", child({ Error: "States.Timeout", Cause: "" }), told("9910", "States.Timeout")],
    ["is its task's, on one machine", localChild(plain), told("6401", "no room in the repository")],
    ["is its task's fault, on one machine", localChild(fault), told("2011", "disk d1 is in use")],
    ["is its child's, on one machine", localChild(localChild(fault)), told("2011", "disk d1 is in use")],
  ])("%s", (_, caught, expected) => {
    expect(failureOf(caught)).toEqual(expected);
  });

  test.each(["TIMED_OUT", "ABORTED"])("that was %s, and says no more, says that", (Status) => {
    expect(failureOf(child({}, { Status }))).toEqual(told("9910", `the child execution b-1-0-0 is ${Status}`));
  });

  test("that is cut off in the middle is told as it came", () => {
    const { Cause = "" } = child(plain);
    const cut = Cause.slice(0, 100);
    expect(failureOf({ Error: "States.TaskFailed", Cause: cut })).toEqual(told("9910", cut));
  });
});
