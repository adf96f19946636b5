/**
 * Does data flow through states, and do choices decide, as the language says?
 *
 * Checked against aws-local-stepfunctions where that library is right, and against the specification where it is not.
 */
import { StateMachine, type StateMachineDefinition } from "aws-local-stepfunctions";
import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue } from "../../../core/ports/record-store.ts";
import { context, echo, hostOf, one, ours, type Task, task } from "./workflows-language-lab.ts";

async function theirs(definition: object, input: JsonValue, tasks: Record<string, Task>): Promise<unknown> {
  const machine = new StateMachine(definition as StateMachineDefinition, { validationOptions: { noValidate: true } });
  const run = machine.run(input as never, { context, overrides: { taskResourceLocalHandlers: tasks as never } });
  return await run.result.catch((error: Error) => ({
    failed: error.name === "ExecutionError" ? error.message : error,
  }));
}

const data = {
  a: { b: [1, 2, { c: "x" }] },
  n: 5,
  s: "text",
  list: [{ id: "p" }, { id: "q" }],
  yes: true,
  nothing: null,
};

describe("data flow is that of aws-local-stepfunctions", () => {
  const cases: Record<string, object> = {
    "a task without paths": one(task()),
    InputPath: one(task({ InputPath: "$.a" })),
    "Parameters with paths, context and literals": one(
      task({
        Parameters: { "x.$": "$.a.b[2].c", "name.$": "$$.Execution.Name", deep: { fixed: [1, null], "n.$": "$.n" } },
      }),
    ),
    ResultPath: one(task({ InputPath: "$.a", ResultPath: "$.made.here" })),
    "ResultPath null": one(task({ ResultPath: null })),
    "ResultSelector, ResultPath and OutputPath": one(
      task({ ResultSelector: { "n.$": "$.echo.n", kept: 1 }, ResultPath: "$.r", OutputPath: "$.r" }),
    ),
    "a wildcard": one(task({ Parameters: { "ids.$": "$.list[*].id" } })),
    "Pass with Result": one({ Type: "Pass", Result: { r: [1] }, ResultPath: "$.p" }),
    "Pass with Parameters": one({ Type: "Pass", Parameters: { "s.$": "$.s" } }),
    Map: one({
      Type: "Map",
      ItemsPath: "$.list",
      ItemProcessor: one(task()),
      ResultPath: "$.results",
    }),
    "Map with ItemSelector": one({
      Type: "Map",
      ItemsPath: "$.list",
      MaxConcurrency: 1,
      ItemSelector: { "i.$": "$$.Map.Item.Index", "id.$": "$$.Map.Item.Value.id", "s.$": "$.s" },
      ItemProcessor: one(task({ Parameters: { "i.$": "$.i", "run.$": "$$.Execution.Name" } })),
      ResultSelector: { "all.$": "$[*].echo" },
    }),
    "Map over nothing": one({ Type: "Map", ItemsPath: "$.empty", ItemProcessor: one(task()) }),
    "intrinsic functions": one({
      Type: "Pass",
      Parameters: {
        "format.$": "States.Format('{}-{}', $.s, $.n)",
        "nested.$": "States.ArrayLength(States.Array($.n, 'two', null, true, 1.5))",
        "add.$": "States.MathAdd($.n, -2)",
        "json.$": "States.StringToJson(States.JsonToString($.a))",
        // Last of those that read $.a: the library's merge changes what it reads.
        "merge.$": "States.JsonMerge($.a, $.list[0], false)",
        "range.$": "States.ArrayRange(1, 9, 2)",
        "item.$": "States.ArrayGetItem($.list, 1)",
        "contains.$": "States.ArrayContains($.list[*].id, 'q')",
        "hash.$": "States.Hash($.s, 'SHA-256')",
      },
    }),
    Fail: { StartAt: "F", States: { F: { Type: "Fail", Error: "Broken", Cause: "why" } } },
    Succeed: { StartAt: "S", States: { S: { Type: "Succeed", OutputPath: "$.a" } } },
    "Catch keeps the input": {
      StartAt: "T",
      States: {
        T: task({ Catch: [{ ErrorEquals: ["Custom"], ResultPath: "$.e", Next: "C" }], End: true }),
        C: { Type: "Pass", Parameters: { "error.$": "$.e.Error", "s.$": "$.s" }, End: true },
      },
    },
  };
  const fails: Task = () => {
    throw Object.assign(new Error("custom"), { name: "Custom" });
  };

  it.each(Object.entries(cases))("%s", async (_name, definition) => {
    const input = { ...data, empty: [] };
    const tasks: Record<string, Task> = { S: echo, T: fails };
    const mine = await ours(definition, input, hostOf(tasks));
    const other = await theirs(definition, input, tasks);
    if (typeof mine === "object" && mine !== null && "failed" in mine) expect(JSON.stringify(other)).toContain("why");
    else expect(mine).toEqual(other);
  });
});

describe("where aws-local-stepfunctions is wrong", () => {
  it("StringSplit takes each character of its second argument for a separator", async () => {
    const definition = one({ Type: "Pass", Parameters: { "x.$": "States.StringSplit('a-b+c', '-+')" } });
    expect(await ours(definition, {}, hostOf({}))).toEqual({ x: ["a", "b", "c"] });
  });

  it("JsonMerge leaves its arguments as they were", async () => {
    const Parameters = { "x.$": "States.JsonMerge($.a, $.b, false)", "a.$": "$.a" };
    const definition = one({ Type: "Pass", Parameters });
    expect(await ours(definition, { a: { n: 1 }, b: { m: 2 } }, hostOf({}))).toEqual({
      x: { n: 1, m: 2 },
      a: { n: 1 },
    });
  });
});

describe("choices", () => {
  const choose = (rule: JsonObject) => ({
    StartAt: "C",
    States: {
      C: { Type: "Choice", Choices: [{ ...rule, Next: "Yes" }], Default: "No" },
      Yes: { Type: "Pass", Result: "yes", End: true },
      No: { Type: "Pass", Result: "no", End: true },
    },
  });
  const rules: JsonObject[] = [
    { Variable: "$.n", NumericEquals: 5 },
    { Variable: "$.n", NumericGreaterThan: 5 },
    { Variable: "$.n", NumericGreaterThanEquals: 5 },
    { Variable: "$.n", NumericLessThanPath: "$.a.b[0]" },
    { Variable: "$.s", StringEquals: "text" },
    { Variable: "$.s", StringLessThan: "u" },
    { Variable: "$.s", StringMatches: "t*t" },
    { Variable: "$.s", StringMatches: "t*x" },
    { Variable: "$.yes", BooleanEquals: true },
    { Variable: "$.s", NumericEquals: 5 },
    { Variable: "$.nothing", IsNull: true },
    { Variable: "$.s", IsString: true },
    { Variable: "$.missing", IsPresent: true },
    { Variable: "$.nothing", IsPresent: true },
    {
      And: [
        { Variable: "$.n", NumericEquals: 5 },
        { Variable: "$.yes", BooleanEquals: false },
      ],
    },
    { Or: [{ Variable: "$.n", NumericEquals: 4 }, { Not: { Variable: "$.yes", BooleanEquals: false } }] },
    { Not: { Variable: "$.missing", IsPresent: true } },
  ];
  it.each(rules)("%j goes the way of aws-local-stepfunctions", async (rule) => {
    expect(await ours(choose(rule), data, hostOf({}))).toEqual(await theirs(choose(rule), data, {}));
  });

  it("match IsPresent: false, which aws-local-stepfunctions never does", async () => {
    expect(await ours(choose({ Variable: "$.missing", IsPresent: false }), data, hostOf({}))).toBe("yes");
    expect(await ours(choose({ Variable: "$.nothing", IsPresent: false }), data, hostOf({}))).toBe("no");
  });

  it("fail without a rule that holds and without Default", async () => {
    const definition = choose({ Variable: "$.n", NumericEquals: 4 });
    const { Default: _, ...choice } = definition.States.C;
    const without = { ...definition, States: { ...definition.States, C: choice } };
    expect(await ours(without, data, hostOf({}))).toEqual({ failed: "States.NoChoiceMatched" });
  });

  it("loop with a cursor until the work is done", async () => {
    const loop = {
      StartAt: "T",
      States: {
        T: task({ Parameters: { "cursor.$": "$.cursor" }, Next: "More" }),
        More: { Type: "Choice", Choices: [{ Variable: "$.cursor", NumericLessThan: 7 }], Default: "Done" },
        Done: { Type: "Succeed" },
      },
    };
    Object.assign(loop.States.More.Choices[0] as object, { Next: "T" });
    const seen: JsonValue[] = [];
    const step: Task = (input) => {
      const { cursor } = input as { cursor: number };
      seen.push(cursor);
      return { cursor: cursor + 2 };
    };
    expect(await ours(loop, { cursor: 1 }, hostOf({ T: step }))).toEqual({ cursor: 7 });
    expect(seen).toEqual([1, 3, 5]);
  });
});
