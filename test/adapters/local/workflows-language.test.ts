/**
 * Does the interpreter run the language as it is defined?
 *
 * Checked against aws-local-stepfunctions where that library is right, and against the specification where it is not.
 */
import { StateMachine, type StateMachineDefinition } from "aws-local-stepfunctions";
import { describe, expect, it } from "vitest";
import { parseDefinition, taskStates } from "../../../adapters/local/workflows/definition.ts";
import { AslError, Discarded, taskError } from "../../../adapters/local/workflows/errors.ts";
import { type Host, runMachine } from "../../../adapters/local/workflows/interpreter.ts";
import type { JsonObject, JsonValue } from "../../../core/ports/record-store.ts";

type Task = (input: JsonValue) => JsonValue | Promise<JsonValue>;

const context = { Execution: { Name: "run-1", Id: "id-1", Input: {}, StartTime: "2026-01-01T00:00:00.000Z" } };
const live = new AbortController().signal;

function hostOf(tasks: Record<string, Task>): Host & { readonly paused: number[] } {
  const paused: number[] = [];
  let time = 0;
  return {
    paused,
    async task(visit, _state, input) {
      try {
        return await (tasks[visit.state] as Task)(input);
      } catch (error) {
        throw taskError(error);
      }
    },
    waitUntil: async (_visit, _input, deadline) => {
      paused.push(deadline() - time);
      time = deadline();
    },
    pause: async (ms) => void paused.push(ms),
    now: () => time,
    chance: () => 0.5,
    count: () => undefined,
  };
}

async function ours(definition: object, input: JsonValue, host: Host): Promise<JsonValue> {
  const machine = parseDefinition("test", definition as JsonObject);
  try {
    return await runMachine(machine, input, { at: "", context, signal: live, host });
  } catch (error) {
    if (error instanceof AslError) return { failed: error.error };
    throw error;
  }
}

async function theirs(definition: object, input: JsonValue, tasks: Record<string, Task>): Promise<unknown> {
  const machine = new StateMachine(definition as StateMachineDefinition, { validationOptions: { noValidate: true } });
  const run = machine.run(input as never, { context, overrides: { taskResourceLocalHandlers: tasks as never } });
  return await run.result.catch((error: Error) => ({
    failed: error.name === "ExecutionError" ? error.message : error,
  }));
}

const task = (rest: JsonObject = {}): JsonObject => ({
  Type: "Task",
  Resource: "arn:aws:lambda:eu-west-1:123456789012:function:f",
  TimeoutSeconds: 9,
  ...rest,
});
const one = (state: JsonObject) => ({ StartAt: "S", States: { S: { ...state, End: true } } });
const echo: Task = (input) => ({ echo: input });
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

describe("maps", () => {
  const map = (rest: JsonObject, inner: JsonObject = {}) =>
    one({
      Type: "Map",
      ItemProcessor: {
        StartAt: "T",
        States: { T: task({ ...inner, End: true }), C: { Type: "Pass", Result: "caught", End: true } },
      },
      ...rest,
    });
  const measured = (badAt: number) => {
    const state = { live: 0, most: 0, started: 0 };
    const T: Task = async (item) => {
      state.started++;
      state.live++;
      state.most = Math.max(state.most, state.live);
      await new Promise((resolve) => setTimeout(resolve, 2));
      state.live--;
      if (item === badAt) throw new Error("bad item");
      return item;
    };
    return { state, T };
  };
  const items = Array.from({ length: 20 }, (_, n) => n);

  it.each([1, 3, 40])(
    "run at most MaxConcurrency items at once, also after one failed under a Catch (%i)",
    async (most) => {
      const { state, T } = measured(2);
      const caught = map({ MaxConcurrency: most }, { Catch: [{ ErrorEquals: ["States.ALL"], Next: "C" }] });
      const result = await ours(caught, items, hostOf({ T }));
      expect(result).toEqual(items.map((n) => (n === 2 ? "caught" : n)));
      expect(state.most).toBe(Math.min(most, 20));
      expect(state.started).toBe(20);
    },
  );

  it("start no other item after one failed uncaught", async () => {
    const { state, T } = measured(2);
    expect(await ours(map({ MaxConcurrency: 3 }), items, hostOf({ T }))).toEqual({ failed: "Error" });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(state.most).toBe(3);
    expect(state.started).toBeLessThanOrEqual(5);
  });

  it("retried as a whole run every item again", async () => {
    let calls = 0;
    const T: Task = () => {
      calls++;
      if (calls === 2) throw new Error("once");
      return calls;
    };
    const host = hostOf({ T });
    const retried = map({ MaxConcurrency: 1, Retry: [{ ErrorEquals: ["Error"], IntervalSeconds: 4, MaxAttempts: 1 }] });
    expect(await ours(retried, ["a", "b"], host)).toEqual([3, 4]);
    expect(host.paused).toEqual([4000]);
  });

  it("run at most 40 items at once without MaxConcurrency, as AWS does inline", async () => {
    const { state, T } = measured(-1);
    await ours(
      map({}),
      Array.from({ length: 100 }, (_, n) => n),
      hostOf({ T }),
    );
    expect(state.most).toBe(40);
  });
});

describe("limits and faults of a definition", () => {
  it.each([
    ["the output of a task's state", one(task())],
    ["the input after Parameters", one(task({ Parameters: { "x.$": "States.Array($, $)" } }))],
  ])("more than 256 KiB is States.DataLimitExceeded: %s", async (_name, definition) => {
    const big = "x".repeat(200_000);
    const host = hostOf({ S: (input) => [input, big] });
    expect(await ours(definition, big, host)).toEqual({ failed: "States.DataLimitExceeded" });
  });

  it("a path that leads nowhere is States.Runtime, which no Catch takes", async () => {
    const definition = {
      StartAt: "S",
      States: {
        S: task({ Parameters: { "x.$": "$.missing" }, Catch: [{ ErrorEquals: ["States.ALL"], Next: "P" }], End: true }),
        P: { Type: "Pass", End: true },
      },
    };
    expect(await ours(definition, {}, hostOf({ S: echo }))).toEqual({ failed: "States.Runtime" });
  });

  it("a discarded run passes every Catch", async () => {
    const definition = {
      StartAt: "S",
      States: {
        S: task({ Catch: [{ ErrorEquals: ["States.ALL"], Next: "P" }], End: true }),
        P: { Type: "Pass", End: true },
      },
    };
    const host = { ...hostOf({}), task: () => Promise.reject(new Discarded("parked")) };
    await expect(ours(definition, {}, host)).rejects.toThrow(Discarded);
  });

  it.each<[string, JsonObject, RegExp]>([
    ["a misspelt Retry field", task({ Retry: [{ ErrorEquals: ["E"], MaxAttemps: 3 }] }), /MaxAttemps/],
    ["JSONata", { ...task(), QueryLanguage: "JSONata" }, /QueryLanguage/],
    ["a task without a time-out", { Type: "Task", Resource: "r" }, /TimeoutSeconds/],
    ["a state to nowhere", { Type: "Pass", Next: "Gone" }, /exactly one of Next and End|does not exist: Gone/],
    ["an item batcher", { Type: "Map", ItemBatcher: {}, ItemProcessor: one(task()) }, /ItemBatcher/],
    [
      "a distributed map",
      { Type: "Map", ItemProcessor: { ...one(task()), ProcessorConfig: { Mode: "DISTRIBUTED" } } },
      /Mode/,
    ],
    ["a filter expression", { Type: "Pass", InputPath: "$.a[?(@.b)]" }, /cannot read/],
    ["an unknown intrinsic", { Type: "Pass", Parameters: { "x.$": "States.UUID()" } }, /States\.UUID/],
    [
      "a context that differs in a replay",
      { Type: "Pass", Parameters: { "x.$": "$$.State.EnteredTime" } },
      /EnteredTime/,
    ],
    ["an unknown comparison", { Type: "Choice", Choices: [{ Variable: "$", Equals: 1, Next: "S" }] }, /Equals/],
    ["a wait of two lengths", { Type: "Wait", Seconds: 1, SecondsPath: "$.s" }, /exactly one of Seconds/],
  ])("%s is refused before anything runs", (_name, state, message) => {
    const end = state.Type === "Choice" ? {} : { End: true };
    expect(() => parseDefinition("test", { StartAt: "S", States: { S: { ...state, ...end } } })).toThrow(message);
  });

  it("lists task states inside maps", () => {
    const machine = parseDefinition(
      "test",
      one({ Type: "Map", ItemProcessor: { StartAt: "T", States: { T: task({ End: true }) } } }),
    );
    expect([...taskStates(machine)].map(([name]) => name)).toEqual(["T"]);
  });
});
