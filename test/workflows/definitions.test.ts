/** Do all workflow definitions keep the rules that the compiler of nobody checks? */
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  type AslDefinition,
  CHILD_RESOURCE,
  parseDefinition,
  type States,
} from "../../adapters/local/workflows/definition.ts";
import { loadDefinitions } from "../../adapters/local/workflows/load.ts";

type Validate = (definition: object, options: { checkPaths: boolean; checkArn: boolean }) => { errors: unknown[] };
const require = createRequire(import.meta.url);
// asl-validator brings no types.
const validate = require("asl-validator") as Validate;

const folder = fileURLToPath(new URL("../../workflows/", import.meta.url));
const definitions = Object.entries(await loadDefinitions(folder)) as [string, AslDefinition][];
const names = definitions.map(([name]) => name);

/** Every state, those in maps too. */
function* statesOf(states: States): Generator<readonly [string, States["States"][string]]> {
  for (const [name, state] of Object.entries(states.States)) {
    yield [name, state];
    if (state.Type === "Map") yield* statesOf(state.ItemProcessor);
  }
}

it("there are definitions, each in lower case with dashes", () => {
  expect(names.length).toBe(readdirSync(folder).filter((file) => file.endsWith(".asl.json")).length);
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
});

describe.each(definitions)("workflow %s", (name, definition) => {
  const machine = parseDefinition(name, definition);
  const states = [...statesOf(machine)];
  const text = JSON.stringify(definition);

  it("is valid Amazon States Language", () => {
    // The validator wants ARNs where a deploy puts them: placeholders are filled as it will.
    const deployed = text.replaceAll(/\$\{[^}]+\}/g, "arn:aws:lambda:eu-west-1:123456789012:function:f");
    expect(validate(JSON.parse(deployed) as object, { checkPaths: true, checkArn: true }).errors).toEqual([]);
  });

  it("gives every state a name of its own", () => {
    const all = states.map(([state]) => state);
    expect(all.filter((state, at) => all.indexOf(state) !== at)).toEqual([]);
  });

  it("gives every task a time-out, a retry or a Comment why none, a catch or a Comment why none", () => {
    for (const [state, each] of states) {
      if (each.Type !== "Task") continue;
      expect(each.TimeoutSeconds, state).toBeGreaterThan(0);
      if ((each.Retry ?? []).length === 0) expect(each.Comment, `${state} has no Retry`).toMatch(/\S/);
      if ((each.Catch ?? []).length === 0) expect(each.Comment, `${state} has no Catch`).toMatch(/\S/);
    }
  });

  it("tries again wherever it waits out the records: also what may have happened, and while the key service is away", () => {
    for (const [state, each] of states)
      for (const { ErrorEquals } of each.Type === "Task" ? (each.Retry ?? []) : [])
        if (ErrorEquals.includes("Throttled"))
          expect(ErrorEquals, state).toEqual(expect.arrayContaining(["OutcomeUnknown", "KeyUnavailable"]));
  });

  it("names functions <workflow>.<state> and children <workflow>, and nothing else", () => {
    const used = [...text.matchAll(/\$\{([^}]*)\}/g)].map((found) => found[1] as string);
    expect(used.length).toBeGreaterThan(0);
    for (const each of used) {
      const [workflow, task, ...more] = each.split(".");
      expect(names, each).toContain(workflow);
      expect(more, each).toEqual([]);
      if (task !== undefined) expect(task).toMatch(/^[a-z]+(-[a-z]+)*$/);
    }
    for (const [state, each] of states) {
      if (each.Type !== "Task") continue;
      if (each.Resource === CHILD_RESOURCE) {
        const target = (each.Parameters as { StateMachineArn?: unknown } | undefined)?.StateMachineArn;
        expect(target, state).toMatch(/^\$\{[a-z-]+\}$/);
      } else expect(each.Resource, state).toMatch(/^\$\{[a-z-]+\.[a-z-]+\}$/);
    }
  });

  it("uses JSONPath only", () => {
    expect(text).not.toMatch(/JSONata|"\{%|"Arguments"|"Assign"/);
  });
});
