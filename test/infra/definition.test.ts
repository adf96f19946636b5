/** Does a workflow file become a definition that calls only what exists? */
import { expect, test } from "vitest";
import { DefinitionInvalid, fillDefinition, fillDefinitions } from "../../infra/machines/definition.ts";

const targets = { functions: { "a.one": "arn:one", "b.two": "arn:two" }, machines: { b: "arn:b" } };
/** A placeholder. */
const hole = (name: string) => ["$", "{", name, "}"].join("");
const state = (resource: string) => JSON.stringify({ States: { S: { Resource: resource } } }, undefined, 2);

test("placeholders of tasks and of machines are filled, and what they name is known", () => {
  const source = JSON.stringify({ A: hole("a.one"), B: [hole("b.two"), hole("a.one")], C: hole("b") });
  expect(fillDefinition("a", source, targets)).toEqual({
    text: '{"A":"arn:one","B":["arn:two","arn:one"],"C":"arn:b"}',
    tasks: ["a.one", "b.two"],
    children: ["b"],
  });
});

test("a placeholder that nothing stands for is refused with its workflow", () => {
  expect(() => fillDefinition("a", state(hole("a.three")), targets)).toThrow("a: nothing stands for $");
  expect(() => fillDefinition("a", state(hole("c")), targets)).toThrow(DefinitionInvalid);
  expect(() => fillDefinition("a", state(hole("")), targets)).toThrow(DefinitionInvalid);
});

test("a function that no workflow calls is refused", () => {
  expect(() => fillDefinitions({ a: state(hole("a.one")) }, targets)).toThrow("no workflow calls b.two");
  expect(Object.keys(fillDefinitions({ a: state(hole("a.one")), b: state(hole("b.two")) }, targets))).toEqual([
    "a",
    "b",
  ]);
});

test("what stands for a placeholder cannot change the structure of the definition", () => {
  const filled = fillDefinition("a", state(hole("b")), { functions: {}, machines: { b: 'x","End":true,"y":"\\' } });
  expect(JSON.parse(filled.text)).toEqual({ States: { S: { Resource: 'x","End":true,"y":"\\' } } });
});
