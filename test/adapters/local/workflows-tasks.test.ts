/** How are handlers called: time-outs, retries, concurrency, loops? */
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JsonObject } from "../../../core/ports/record-store.ts";
import { fakeTime, openLab, recordsUnder, task, type WorkflowLab } from "./workflows-lab.ts";

let lab: WorkflowLab;
beforeEach(() => {
  lab = openLab();
});
afterEach(() => lab.dispose());

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
    const items = await recordsUnder(lab.records, "X#backup#deaf");
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
