/** Does the comparison of calls with policies find what is missing, what is too much, and reasons that are out of date? */
import { expect, test } from "vitest";
import { CallUnknown, needsOf } from "../../infra/actions.ts";
import { compareCalls, type RecordedCall } from "../../infra/compare-calls.ts";

const call = (fn: string, service: string, operation: string): RecordedCall => ({
  function: `holdfast-${fn}`,
  service,
  operation,
});
const clean = { missing: [], unexplained: [], stale: [] };

test("a call whose action is allowed and an action that is called are all there is", () => {
  const calls = [call("api", "dynamodb", "GetItem"), call("api", "sfn", "StartExecution")];
  const policies = { api: ["dynamodb:GetItem", "states:StartExecution", "kms:Decrypt"] };
  expect(compareCalls(calls, policies, [])).toEqual(clean);
});

test("an action of another name counts: HeadObject is GetObject, ListObjectsV2 is ListBucket", () => {
  expect(needsOf("s3", "HeadObject").all).toEqual(["s3:GetObject"]);
  expect(needsOf("s3", "ListObjectsV2").all).toEqual(["s3:ListBucket"]);
  expect(needsOf("eventbridge", "PutEvents").all).toEqual(["events:PutEvents"]);
  expect(needsOf("ec2", "DescribeVolumes").all).toEqual(["ec2:DescribeVolumes"]);
  expect(() => needsOf("glacier", "ListVaults")).toThrow(CallUnknown);
});

test("what a policy lacks is missing, once for all calls", () => {
  const calls = [call("tick", "s3", "HeadObject"), call("tick", "s3", "HeadObject")];
  const found = compareCalls(calls, { tick: [] }, []);
  expect(found.missing).toEqual(["tick: s3:GetObject (s3 HeadObject)"]);
});

test("a transaction needs one of the actions of its parts, and any of them is used by it", () => {
  const calls = [call("api", "dynamodb", "TransactWriteItems")];
  expect(compareCalls(calls, { api: ["dynamodb:PutItem", "dynamodb:DeleteItem"] }, [])).toEqual(clean);
  expect(compareCalls(calls, { api: ["dynamodb:GetItem"] }, []).missing).toEqual([
    "api: one of dynamodb:PutItem, dynamodb:UpdateItem, dynamodb:DeleteItem, dynamodb:ConditionCheckItem (dynamodb TransactWriteItems)",
  ]);
});

test("what is allowed and never called needs a reason", () => {
  const policies = { api: ["dynamodb:Query"], tick: ["dynamodb:Query", "sns:Publish"] };
  const calls = [call("tick", "dynamodb", "Query")];
  expect(compareCalls(calls, policies, []).unexplained).toEqual(["api: dynamodb:Query", "tick: sns:Publish"]);
  const reasons = [
    { functions: ["api"], reason: "nobody calls the API in this test" },
    { functions: ["tick"], actions: ["sns:Publish"], reason: "nothing failed" },
  ];
  expect(compareCalls(calls, policies, reasons)).toEqual(clean);
});

test("a reason is stale once the action is called, or the function, or once it is not allowed any more", () => {
  const policies = { api: ["dynamodb:Query"], tick: ["dynamodb:Query"] };
  const calls = [call("tick", "dynamodb", "Query"), call("api", "dynamodb", "Query")];
  const reasons = [
    { functions: ["tick"], actions: ["dynamodb:Query"], reason: "called" },
    { functions: ["api"], reason: "the function is called" },
    { functions: ["api", "tick"], actions: ["s3:GetObject"], reason: "not allowed" },
    { functions: "every" as const, actions: ["logs:PutLogEvents"], reason: "allowed nowhere" },
  ];
  expect(compareCalls(calls, policies, reasons).stale).toEqual([
    "tick dynamodb:Query: called",
    "api all actions: the function is called",
    "api s3:GetObject: not allowed",
    "tick s3:GetObject: not allowed",
    "every logs:PutLogEvents: allowed nowhere",
  ]);
});

test("a reason for what happens only sometimes holds whether it happened or not, as long as it is allowed", () => {
  const sometimes = [{ functions: ["tick"], actions: ["dynamodb:Query"], sometimes: true as const, reason: "due" }];
  const policies = { tick: ["dynamodb:Query"] };
  expect(compareCalls([], policies, sometimes)).toEqual(clean);
  expect(compareCalls([call("tick", "dynamodb", "Query")], policies, sometimes)).toEqual(clean);
  expect(compareCalls([], { tick: [] }, sometimes).stale).toEqual(["tick dynamodb:Query: due"]);
});

test("a call of a function that has no policy is an error of the tests, not an empty result", () => {
  expect(() => compareCalls([call("ghost", "s3", "GetObject")], {}, [])).toThrow("holdfast-ghost called s3");
});
