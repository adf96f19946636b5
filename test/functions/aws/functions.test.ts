/** Does the list of functions say what the entries and the workflows say? */
import { existsSync, globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { EnvironmentInvalid, variable, variablesOf } from "../../../functions/aws/env.ts";
import { FUNCTIONS } from "../../../functions/aws/functions.ts";
import { type Host, servicesOf } from "../../../functions/aws/services.ts";
import { TASKS } from "../../../functions/tasks/tasks.ts";

const root = new URL("../../../", import.meta.url);
const source = (path: string): string => readFileSync(new URL(path, root), "utf8");

/** Seconds after which each state that calls a task gives up. */
function stateTimeouts(): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const { Resource, TimeoutSeconds } = value as { Resource?: unknown; TimeoutSeconds?: unknown };
    const [, task] = /^\$\{([a-z-]+\.[a-z]+)\}$/.exec(String(Resource)) ?? [];
    if (task !== undefined) found.set(task, Math.min(Number(TimeoutSeconds), found.get(task) ?? Number.MAX_VALUE));
    for (const inner of Object.values(value)) walk(inner);
  };
  for (const file of globSync("workflows/*.asl.json", { cwd: root })) walk(JSON.parse(source(file)));
  return found;
}

describe("the functions", () => {
  test("are one for each task, and the API, the tick, the sweep and the admin", () => {
    const tasks = FUNCTIONS.flatMap(({ task }) => task ?? []);
    expect(tasks.toSorted()).toEqual(Object.keys(TASKS).toSorted());
    expect(FUNCTIONS.filter(({ task }) => task === undefined).map(({ name }) => name)).toEqual([
      "api",
      "tick",
      "sweep",
      "admin",
    ]);
  });

  test.each(FUNCTIONS)("$name has an entry that is wired to exactly its parts", ({ entry, task, parts }) => {
    expect(existsSync(new URL(entry, root))).toBe(true);
    const text = source(entry);
    const imported = Array.from(text.matchAll(/from "(?:\.\.?\/)parts\/([a-z0-9]+)\.ts"/g), ([, part]) => part);
    // `identity` is a variable, not something to talk to.
    expect(imported.toSorted()).toEqual(parts.filter((part) => part !== "identity").toSorted());
    if (task !== undefined) expect(text).toContain(`taskHandler("${task}",`);
  });

  test("end before the states that call them do", () => {
    const timeouts = stateTimeouts();
    for (const { task, timeoutSeconds } of FUNCTIONS)
      if (task !== undefined) expect(timeoutSeconds, task).toBeLessThan(timeouts.get(task) ?? 0);
  });

  test("have time for a whole unit and some more", () => {
    const budget = variable({}, "HOLDFAST_UNIT_BUDGET_MS");
    for (const { timeoutSeconds } of FUNCTIONS.filter(({ reserved }) => reserved === "transfer"))
      expect(timeoutSeconds * 1000).toBeGreaterThan(budget + 60_000);
  });

  test("have physical names that Lambda takes, whatever the deployment is called (20 letters at most)", () => {
    for (const { name } of FUNCTIONS) expect(`${"d".repeat(20)}-${name}`).toMatch(/^[a-z0-9-]{1,64}$/);
  });
});

describe("the environment", () => {
  test("of a function is what its parts read", () => {
    expect(variablesOf(["records", "keys"])).toEqual(expect.arrayContaining(["HOLDFAST_TABLE", "HOLDFAST_KEY"]));
    expect(variablesOf(["records"])).not.toContain("HOLDFAST_KEY");
  });

  test.each([
    [{}, "HOLDFAST_TABLE", /HOLDFAST_TABLE is not set/],
    [{ HOLDFAST_TABLE: "" }, "HOLDFAST_TABLE", /HOLDFAST_TABLE is ""/],
    [{ HOLDFAST_LEVEL: "20" }, "HOLDFAST_LEVEL", /HOLDFAST_LEVEL is "20".*19/],
    [{ HOLDFAST_UNIT_BUDGET_MS: "soon" }, "HOLDFAST_UNIT_BUDGET_MS", /HOLDFAST_UNIT_BUDGET_MS is "soon"/],
  ] as const)("%j is refused, naming the variable and the rule", (env, name, message) => {
    expect(() => variable(env, name)).toThrow(EnvironmentInvalid);
    expect(() => variable(env, name)).toThrow(message);
  });

  test("has defaults where the stacks may leave something out", () => {
    expect(variable({}, "HOLDFAST_LEVEL")).toBe(3);
    expect(variable({ HOLDFAST_MOST_GROUPS: "7" }, "HOLDFAST_MOST_GROUPS")).toBe(7);
  });
});

describe("services", () => {
  const host = { variable: (name: string) => name, metrics: {}, log: () => undefined } as unknown as Host;

  test("are made when they are touched, once", () => {
    let made = 0;
    const records = () => ({ records: { made: ++made } as never });
    const services = servicesOf(host, { records });
    expect(made).toBe(0);
    expect(services.records).toBe(services.records);
    expect(made).toBe(1);
  });

  test("that failed to be made are made anew at the next touch", () => {
    let tries = 0;
    const records = () => {
      if (++tries === 1) throw new Error("no");
      return { records: {} as never };
    };
    const services = servicesOf(host, { records });
    expect(() => services.records).toThrow("no");
    expect(services.records).toBeDefined();
  });

  test.each(["objects", "keys", "resources", "targets", "workflows", "notifier", "dataPlane", "keyring"] as const)(
    "throw a clear error when %s is touched and the function has none",
    (name) => {
      expect(() => servicesOf(host, {})[name]).toThrow(/not wired to/);
    },
  );
});
