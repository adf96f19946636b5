/** Does the local runner keep the contract, and its promises about children, time-outs, parking and replay? */
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type JsonObject, type RecordStore, Throttled } from "../../../core/ports/record-store.ts";
import { contractDefinition, workflowsContract } from "../../contracts/workflows.ts";
import { arn, fakeTime, openLab, type WorkflowLab } from "./workflows-lab.ts";

workflowsContract("the local runner", async (act) => {
  const lab = openLab();
  const workflows = lab.build({
    definitions: { "delete-backup": contractDefinition },
    handlers: { "delete-backup.act": act },
  });
  return { workflows, ended: () => workflows.idle(), close: async () => lab.dispose() };
});

const task = (state: string, rest: JsonObject = {}) => ({
  Type: "Task",
  Resource: arn(`backup.${state}`),
  TimeoutSeconds: 60,
  ...rest,
});

let lab: WorkflowLab;
beforeEach(() => {
  lab = openLab();
});
afterEach(() => lab.dispose());

async function record(records: RecordStore, pk: string) {
  return (await records.query({ pk, limit: 1000, consistent: true })).items;
}

describe("records of an execution", () => {
  it("are the end and the output, kept for 90 days; the journal and the unfinished mark are gone", async () => {
    const time = fakeTime();
    const runner = lab.build({
      definitions: { backup: { StartAt: "A", States: { A: task("a", { End: true }) } } },
      handlers: { "backup.a": async () => ({ n: 1 }) },
      now: time.now,
    });
    await runner.start("backup", "b1", {});
    await runner.idle();
    const items = await record(lab.records, "X#backup#b1");
    expect(items.map((item) => item.sk)).toEqual(["A", "Z"]);
    expect(items[0]?.body).toMatchObject({ status: "succeeded", started: time.now(), ended: time.now() });
    expect(items[0]?.ttl).toBe(time.now() / 1000 + 90 * 86_400);
    expect(items[1]?.body).toEqual({ output: { n: 1 } });
    expect(await record(lab.records, "XOPEN")).toEqual([]);
  });

  it("say which error ended it", async () => {
    const runner = lab.build({
      definitions: { backup: { StartAt: "F", States: { F: { Type: "Fail", Error: "Broken", Cause: "a reason" } } } },
      handlers: {},
    });
    await runner.start("backup", "b1", {});
    await runner.idle();
    const [item] = await record(lab.records, "X#backup#b1");
    expect(item?.body).toMatchObject({ status: "failed", error: "Broken", reason: "a reason" });
    expect(lab.lines).toContainEqual(expect.objectContaining({ level: "warn", text: "execution failed", name: "b1" }));
  });
});

describe("building a runner", () => {
  it("is refused when a handler or a child's definition is missing, naming the state", () => {
    const child = {
      Type: "Task",
      Resource: "arn:aws:states:::states:startExecution.sync:2",
      TimeoutSeconds: 1,
      End: true,
    };
    const build = () =>
      lab.build({
        definitions: {
          backup: { StartAt: "A", States: { A: task("a", { End: true }) } },
          restore: { StartAt: "C", States: { C: { ...child, Parameters: { StateMachineArn: arn("backup-member") } } } },
        },
        handlers: {},
      });
    expect(build).toThrow(
      /backup\.A needs a handler for \$\{backup\.a\}.*restore\.C needs the workflow \$\{backup-member\}/,
    );
  });
});

describe("time-outs", () => {
  const definitions = (rest: JsonObject) => ({
    backup: {
      StartAt: "A",
      States: { A: task("a", { TimeoutSeconds: 1, ...rest, End: true }), Caught: { Type: "Pass", End: true } },
    },
  });

  it("abort the handler's signal and are States.Timeout for Catch, not States.TaskFailed", async () => {
    let aborted = false;
    const runner = lab.build({
      definitions: definitions({
        Retry: [{ ErrorEquals: ["States.TaskFailed"], MaxAttempts: 5 }],
        Catch: [{ ErrorEquals: ["States.Timeout"], Next: "Caught" }],
      }),
      handlers: {
        "backup.a": (_input, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => {
              aborted = true;
              reject(new Error("stopped"));
            });
          }),
      },
    });
    await runner.start("backup", "slow", {});
    await runner.idle();
    expect(aborted).toBe(true);
    expect(await runner.status("backup", "slow")).toBe("succeeded");
  });

  it("do not wait for a handler that ignores its signal, and drop what it returns later", async () => {
    let late = Promise.resolve();
    const runner = lab.build({
      definitions: definitions({}),
      handlers: {
        "backup.a": async () => {
          late = delay(1300);
          await late;
          return { late: true };
        },
      },
    });
    await runner.start("backup", "deaf", {});
    await runner.idle();
    expect(await runner.status("backup", "deaf")).toBe("failed");
    await late;
    const items = await record(lab.records, "X#backup#deaf");
    expect(items.map((item) => item.sk)).toEqual(["A"]);
    expect(items[0]?.body).toMatchObject({ error: "States.Timeout" });
  });
});

describe("concurrency of a handler", () => {
  it("is bounded over all executions, and a time-out begins when the handler is called", async () => {
    let live = 0;
    let most = 0;
    const runner = lab.build({
      definitions: { backup: { StartAt: "A", States: { A: task("a", { TimeoutSeconds: 1, End: true }) } } },
      handlers: {
        "backup.a": async () => {
          most = Math.max(most, ++live);
          await delay(300);
          live--;
          return {};
        },
      },
      concurrency: { "backup.a": 2 },
    });
    // Five rounds of two: the last ones queue for longer than their time-out.
    const names = Array.from({ length: 10 }, (_, n) => `b${n}`);
    for (const name of names) await runner.start("backup", name, {});
    await runner.idle();
    expect(most).toBe(2);
    const ends = await Promise.all(names.map((name) => runner.status("backup", name)));
    expect(ends).toEqual(names.map(() => "succeeded"));
  });

  it("lets go of waiting calls when the runner is parked", async () => {
    let calls = 0;
    const runner = lab.build({
      definitions: { backup: { StartAt: "A", States: { A: task("a", { End: true }) } } },
      handlers: {
        "backup.a": (_input, { signal }) => {
          calls++;
          return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
        },
      },
      concurrency: { "backup.a": 1 },
    });
    await runner.start("backup", "one", {});
    await runner.start("backup", "two", {});
    await expect.poll(() => calls).toBe(1);
    await runner.park(5_000);
    expect(calls).toBe(1);
    expect(await runner.status("backup", "two")).toBe("running");
  });
});

describe("retries", () => {
  const run = async (Retry: JsonObject[], fails: string[]) => {
    const time = fakeTime();
    let calls = 0;
    const runner = lab.build({
      definitions: { backup: { StartAt: "A", States: { A: task("a", { Retry, End: true }) } } },
      handlers: {
        "backup.a": async () => {
          const name = fails[calls++];
          if (name !== undefined) throw Object.assign(new Error("as told"), { name });
          return {};
        },
      },
      now: time.now,
      sleep: time.sleep(60_000),
      chance: () => 0.5,
    });
    await runner.start("backup", "r", {});
    await runner.idle();
    return { calls, slept: time.slept, status: await runner.status("backup", "r") };
  };

  it("go by the error's name, with growing pauses up to the longest", async () => {
    const retry = {
      ErrorEquals: ["Throttled"],
      IntervalSeconds: 2,
      BackoffRate: 3,
      MaxAttempts: 4,
      MaxDelaySeconds: 10,
    };
    const result = await run([retry], ["Throttled", "Throttled", "Throttled"]);
    expect(result).toEqual({ calls: 4, slept: [2000, 6000, 10_000], status: "succeeded" });
  });

  it("end with MaxAttempts, are counted by retrier, and leave other errors alone", async () => {
    const one = { ErrorEquals: ["A"], MaxAttempts: 1, IntervalSeconds: 1 };
    const two = { ErrorEquals: ["B"], MaxAttempts: 1, IntervalSeconds: 5, JitterStrategy: "FULL" };
    expect(await run([one, two], ["A", "B", "A"])).toEqual({ calls: 3, slept: [1000, 2500], status: "failed" });
    lab.dispose();
    lab = openLab();
    expect(await run([one], ["C"])).toEqual({ calls: 1, slept: [], status: "failed" });
  });
});

describe("a wait", () => {
  it("keeps its deadline over a restart, and ends at once when that has passed", async () => {
    const time = fakeTime();
    const definitions = {
      backup: { StartAt: "W", States: { W: { Type: "Wait", Seconds: 3600, Next: "A" }, A: task("a", { End: true }) } },
    };
    const handlers = { "backup.a": async () => ({}) };
    const begun = time.now();
    const first = lab.build({ definitions, handlers, now: time.now });
    await first.start("backup", "w", {});
    await expect.poll(async () => (await record(lab.records, "X#backup#w")).length).toBe(2);
    await first.park(1_000);
    const second = lab.build({ definitions, handlers, now: () => begun + 1000 * 3600 });
    await second.resume();
    await second.idle();
    expect(await second.status("backup", "w")).toBe("succeeded");
  });
});

describe("a failure that the machine acted on", () => {
  it("is journalled: a replay goes the same way, though the task would succeed now", async () => {
    const definitions = {
      backup: {
        StartAt: "A",
        States: {
          A: task("a", { Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: "$.error", Next: "Fail" }], Next: "Seal" }),
          Seal: task("seal", { End: true }),
          Fail: task("fail", { Next: "Last" }),
          Last: task("last", { End: true }),
        },
      },
    };
    const calls: string[] = [];
    const call = (name: string) => async () => {
      calls.push(name);
      return {};
    };
    const others = { "backup.seal": call("seal"), "backup.fail": call("fail") };
    const stuck = (_input: JsonObject, { signal }: { signal: AbortSignal }): Promise<JsonObject> => {
      calls.push("last begun");
      return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    };
    const broken = () => Promise.reject(new Error("the disk is away"));
    const first = lab.build({ definitions, handlers: { ...others, "backup.a": broken, "backup.last": stuck } });
    await first.start("backup", "f", {});
    await expect.poll(() => calls).toEqual(["fail", "last begun"]);
    await first.park(1_000);
    const second = lab.build({
      definitions,
      handlers: { ...others, "backup.a": call("a"), "backup.last": call("last") },
    });
    await second.resume();
    await second.idle();
    expect(calls).toEqual(["fail", "last begun", "last"]);
  });
});

describe("a loop whose input does not change", () => {
  it("calls its task each time round: a journalled answer is for its own visit only", async () => {
    let calls = 0;
    const runner = lab.build({
      definitions: {
        backup: {
          StartAt: "Ask",
          States: {
            Ask: task("ask", { Parameters: {}, ResultPath: "$.answer", Next: "Ready" }),
            Ready: {
              Type: "Choice",
              Choices: [{ Variable: "$.answer.ready", BooleanEquals: true, Next: "Done" }],
              Default: "Ask",
            },
            Done: { Type: "Succeed" },
          },
        },
      },
      handlers: { "backup.ask": async () => ({ ready: ++calls === 3 }) },
    });
    await runner.start("backup", "poll", {});
    await runner.idle();
    expect(calls).toBe(3);
  });
});

describe("child executions", () => {
  const parent = {
    StartAt: "Each",
    States: {
      Each: {
        Type: "Map",
        ItemsPath: "$.members",
        MaxConcurrency: 2,
        ItemProcessor: {
          StartAt: "Child",
          States: {
            Child: {
              Type: "Task",
              Resource: "arn:aws:states:::states:startExecution.sync:2",
              TimeoutSeconds: 60,
              Parameters: {
                StateMachineArn: arn("backup-member"),
                "Name.$": "States.Format('{}-{}', $$.Execution.Name, $.id)",
                Input: { "id.$": "$.id" },
              },
              ResultSelector: { "output.$": "$.Output", "status.$": "$.Status" },
              Catch: [{ ErrorEquals: ["States.TaskFailed"], ResultPath: "$.error", Next: "Failed" }],
              End: true,
            },
            Failed: { Type: "Pass", Parameters: { "error.$": "$.error.Error" }, End: true },
          },
        },
        Next: "Done",
      },
      Done: task("done", { End: true }),
    },
  };
  const member = {
    StartAt: "M",
    States: { M: { Type: "Task", Resource: arn("backup-member.m"), TimeoutSeconds: 60, End: true } },
  };

  it("run under their own name, give their output, and fail as States.TaskFailed", async () => {
    const inputs: JsonObject[] = [];
    const runner = lab.build({
      definitions: { backup: parent, "backup-member": member },
      handlers: {
        "backup-member.m": async ({ id }, { executionName, workflow }) => {
          if (id === "b") throw new RangeError("no");
          return { id, executionName, workflow };
        },
        "backup.done": async (input) => {
          inputs.push(input);
          return {};
        },
      },
    });
    await runner.start("backup", "p", { members: [{ id: "a" }, { id: "b" }] });
    await runner.idle();
    expect(inputs).toEqual([
      [
        { output: { id: "a", executionName: "p-a", workflow: "backup-member" }, status: "SUCCEEDED" },
        { error: "States.TaskFailed" },
      ],
    ]);
    expect(await runner.status("backup-member", "p-a")).toBe("succeeded");
    expect(await runner.status("backup-member", "p-b")).toBe("failed");
    expect(await runner.status("backup", "p")).toBe("succeeded");
  });

  it("that ended before give their recorded end and are not run again", async () => {
    let runs = 0;
    const outputs: JsonObject[] = [];
    const runner = lab.build({
      definitions: { backup: parent, "backup-member": member },
      handlers: {
        "backup-member.m": async () => ({ run: ++runs }),
        "backup.done": async (input) => {
          outputs.push(input);
          return {};
        },
      },
    });
    await runner.start("backup-member", "p-a", {});
    await runner.idle();
    await runner.start("backup", "p", { members: [{ id: "a" }] });
    await runner.idle();
    expect(runs).toBe(1);
    expect(outputs).toEqual([[{ output: { run: 1 }, status: "SUCCEEDED" }]]);
  });
});

describe("parking", () => {
  const definitions = {
    backup: {
      StartAt: "A",
      States: {
        A: task("a", {
          Retry: [{ ErrorEquals: ["States.ALL"], MaxAttempts: 3 }],
          Catch: [{ ErrorEquals: ["States.ALL"], Next: "B" }],
          Next: "B",
        }),
        B: task("b", { End: true }),
      },
    },
  };

  it("records no failure, starts no task, and the next process goes on", async () => {
    const calls: string[] = [];
    let entered = () => {};
    const running = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const first = lab.build({
      definitions,
      handlers: {
        "backup.a": (_input, { signal }) => {
          calls.push("a aborted");
          entered();
          return new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(new Error("aborted")));
          });
        },
        "backup.b": async () => {
          calls.push("b too early");
          return {};
        },
      },
    });
    await first.start("backup", "p", {});
    await running;
    await first.park(5_000);
    await first.idle();
    expect(await first.status("backup", "p")).toBe("running");
    expect(await first.start("backup", "later", {})).toBe("started");
    await first.idle();

    const handler =
      (name: string) =>
      async (_input: JsonObject, { executionName }: { executionName: string }) => {
        calls.push(`${name} of ${executionName}`);
        return {};
      };
    const second = lab.build({ definitions, handlers: { "backup.a": handler("a"), "backup.b": handler("b") } });
    expect(await second.resume()).toBe(2);
    await second.idle();
    expect(calls.sort()).toEqual(["a aborted", "a of later", "a of p", "b of later", "b of p"]);
    expect(await second.status("backup", "p")).toBe("succeeded");
    expect(await second.resume()).toBe(0);
  });

  it("records work that was finished within the grace, and nothing that came after it", async () => {
    const calls: string[] = [];
    const finish: Record<string, () => void> = {};
    const slow = lab.build({
      definitions,
      handlers: {
        "backup.a": (_input, { executionName }) =>
          new Promise((resolve) => {
            finish[executionName] = () => resolve({ by: "first" });
          }),
        "backup.b": async () => ({}),
      },
    });
    await slow.start("backup", "in-time", {});
    await slow.start("backup", "too-late", {});
    await expect.poll(() => Object.keys(finish)).toHaveLength(2);
    setTimeout(() => finish["in-time"]?.(), 20);
    await slow.park(300);
    finish["too-late"]?.();
    await slow.idle();

    const next = lab.build({
      definitions,
      handlers: {
        "backup.a": async (_input, { executionName }) => {
          calls.push(executionName);
          return { by: "second" };
        },
        "backup.b": async (input) => {
          calls.push(`b ${input.by}`);
          return {};
        },
      },
    });
    await next.resume();
    await next.idle();
    expect(calls.sort()).toEqual(["b first", "b second", "too-late"]);
  });
});

describe("a record store that fails", () => {
  it("makes the execution go on later from its journal, without failing it or repeating recorded work", async () => {
    lab.dispose();
    let failing = 0;
    lab = openLab((records) => ({
      get: (key, options) => records.get(key, options),
      getMany: (keys, options) => records.getMany(keys, options),
      query: (query) => records.query(query),
      transact: (writes) => records.transact(writes),
      write: async (write) => {
        if (write.op === "put" && write.item.body.state === "B" && failing-- > 0) throw new Throttled("slow down");
        await records.write(write);
      },
    }));
    const time = fakeTime();
    const calls: string[] = [];
    const runner = lab.build({
      definitions: {
        backup: {
          StartAt: "A",
          States: {
            A: task("a", { Next: "B" }),
            B: task("b", { Catch: [{ ErrorEquals: ["States.ALL"], Next: "Bad" }], End: true }),
            Bad: { Type: "Fail", Error: "Bad" },
          },
        },
      },
      handlers: {
        "backup.a": async () => ({ n: calls.push("a") }),
        "backup.b": async () => ({ n: calls.push("b") }),
      },
      now: time.now,
      sleep: time.sleep(60_000),
    });
    failing = 2;
    await runner.start("backup", "p", {});
    await runner.idle();
    expect(calls).toEqual(["a", "b", "b", "b"]);
    expect(await runner.status("backup", "p")).toBe("succeeded");
    expect(time.slept).toEqual([500, 1000]);
  });
});

describe("replay", () => {
  it("of a map of 1,000 finished tasks calls none of them and takes seconds at most", async () => {
    const definitions = {
      backup: {
        StartAt: "All",
        States: {
          All: {
            Type: "Map",
            ItemsPath: "$.groups",
            MaxConcurrency: 40,
            ItemProcessor: { StartAt: "T", States: { T: task("t", { ResultPath: null, End: true }) } },
            ResultPath: null,
            Next: "Last",
          },
          Last: task("last", { End: true }),
        },
      },
    };
    let calls = 0;
    const t = async () => ({ call: ++calls });
    let reached = () => {};
    const parkNow = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const first = lab.build({
      definitions,
      handlers: {
        "backup.t": t,
        "backup.last": (_input, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason));
            reached();
          }),
      },
    });
    await first.start("backup", "p", { groups: Array.from({ length: 1000 }, (_, n) => n) });
    await parkNow;
    await first.park(5_000);
    const begun = performance.now();
    const second = lab.build({ definitions, handlers: { "backup.t": t, "backup.last": async () => ({}) } });
    await second.resume();
    await second.idle();
    expect(calls).toBe(1000);
    expect(await second.status("backup", "p")).toBe("succeeded");
    // Generous for a loaded machine; the point is that it does not take as long as the work.
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});
