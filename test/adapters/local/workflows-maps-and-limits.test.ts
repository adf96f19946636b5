/** Do maps keep their bounds, and is everything refused that must be? */
import { describe, expect, it } from "vitest";
import { parseDefinition, taskStates } from "../../../adapters/local/workflows/definition.ts";
import { Discarded } from "../../../adapters/local/workflows/errors.ts";
import type { JsonObject } from "../../../core/ports/record-store.ts";
import { echo, hostOf, one, ours, type Task, task } from "./workflows-language-lab.ts";

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
