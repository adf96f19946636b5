/** Does the local runner keep the contract, also on records that fail, and does it record what it promises? */
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { retrying } from "../../../core/app/records/retrying-store.ts";
import { type JsonObject, Throttled } from "../../../core/ports/record-store.ts";
import { contractDefinition, workflowsContract } from "../../contracts/workflows.ts";
import { arn, fakeTime, openLab, recordsUnder, task, type WorkflowLab } from "./workflows-lab.ts";

workflowsContract("the local runner", async (act) => {
  const lab = openLab();
  const workflows = lab.build({
    definitions: { "delete-backup": contractDefinition },
    handlers: { "delete-backup.act": act },
  });
  return { workflows, ended: () => workflows.idle(), close: async () => lab.dispose() };
});

let lab: WorkflowLab;
beforeEach(() => {
  lab = openLab();
});
afterEach(() => lab.dispose());

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
    const items = await recordsUnder(lab.records, "X#backup#b1");
    expect(items.map((item) => item.sk)).toEqual(["A", "Z"]);
    expect(items[0]?.body).toMatchObject({ status: "succeeded", started: time.now(), ended: time.now() });
    expect(items[0]?.ttl).toBe(time.now() / 1000 + 90 * 86_400);
    expect(items[1]?.body).toEqual({ output: { n: 1 } });
    expect(await recordsUnder(lab.records, "XOPEN")).toEqual([]);
  });

  it("say which error ended it", async () => {
    const runner = lab.build({
      definitions: { backup: { StartAt: "F", States: { F: { Type: "Fail", Error: "Broken", Cause: "a reason" } } } },
      handlers: {},
    });
    await runner.start("backup", "b1", {});
    await runner.idle();
    const [item] = await recordsUnder(lab.records, "X#backup#b1");
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

describe("executions that are driven at once", () => {
  it("are as many as there is room for; the others are recorded, wait in order, and go on after a restart", async () => {
    const open: (() => void)[] = [];
    const begun: string[] = [];
    const options = {
      definitions: { backup: { StartAt: "A", States: { A: task("a", { End: true }) } } },
      handlers: {
        "backup.a": async ({ name }: JsonObject) => {
          begun.push(String(name));
          await new Promise<void>((resolve) => void open.push(resolve));
          return {};
        },
      },
      drivenAtOnce: { backup: 2 },
    };
    const runner = lab.build(options);
    for (const name of ["one", "two", "three", "four"]) await runner.start("backup", name, { name });
    await expect.poll(() => begun).toEqual(["one", "two"]);
    expect(await runner.status("backup", "four")).toBe("running");
    open.shift()?.();
    await expect.poll(() => begun).toEqual(["one", "two", "three"]);
    const parked = runner.park(0);
    for (const resolve of open.splice(0)) resolve();
    await parked;
    expect(begun).toHaveLength(3);
    const next = lab.build(options);
    await next.resume();
    await expect.poll(() => begun.slice(3).length).toBe(2);
    for (const _ of [1, 2, 3]) {
      for (const resolve of open.splice(0)) resolve();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await next.idle();
    expect(await next.status("backup", "four")).toBe("succeeded");
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
      count: (...args) => records.count(...args),
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

describe("a record store with AWS's bad manners, behind retries", () => {
  it("changes nothing: each task once, every execution ends, nothing stays open", async () => {
    lab.dispose();
    let seed = 7;
    // A small generator with a fixed seed, so that a failing run can be repeated.
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const patience = { random, sleep: async () => await delay(0) };
    const manners = {
      indexLagWrites: 5,
      conflictRate: 0.2,
      throttleRate: 0.2,
      staleReadRate: 0.5,
      shortPageRate: 0.5,
      random,
    };
    lab = openLab((records) => retrying(records, patience), manners);
    const calls: string[] = [];
    const call = (name: string) => async (_input: JsonObject, context: { executionName: string }) => {
      calls.push(`${context.executionName} ${name}`);
      return {};
    };
    const runner = lab.build({
      definitions: { backup: { StartAt: "A", States: { A: task("a", { Next: "B" }), B: task("b", { End: true }) } } },
      handlers: { "backup.a": call("a"), "backup.b": call("b") },
    });
    const names = Array.from({ length: 20 }, (_, n) => `b${n}`);
    expect(await Promise.all(names.map((name) => runner.start("backup", name, {})))).toEqual(
      names.map(() => "started"),
    );
    await runner.resume();
    await runner.idle();
    expect(calls.sort()).toEqual(names.flatMap((name) => [`${name} a`, `${name} b`]).sort());
    for (const name of names) expect(await runner.status("backup", name)).toBe("succeeded");
    expect(await runner.resume()).toBe(0);
  });
});
