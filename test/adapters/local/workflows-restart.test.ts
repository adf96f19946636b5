/** What happens when a process is parked and another one goes on? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JsonObject } from "../../../core/ports/record-store.ts";
import { fakeTime, openLab, recordsUnder, task, type WorkflowLab } from "./workflows-lab.ts";

let lab: WorkflowLab;
beforeEach(() => {
  lab = openLab();
});
afterEach(() => lab.dispose());

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
    await expect.poll(async () => (await recordsUnder(lab.records, "X#backup#w")).length).toBe(2);
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
