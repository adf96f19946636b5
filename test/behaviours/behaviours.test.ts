/** Is the page of behaviours what the tests say? */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { NOT_YET } from "./not-yet.ts";
import { behaviours, idsIn, page } from "./table.ts";

it("lists 394 behaviours, each once", () => {
  const ids = behaviours().map(({ id }) => id);
  expect(ids).toHaveLength(394);
  expect(new Set(ids).size).toBe(394);
});

it("is up to date: npm run behaviours", () => {
  const written = readFileSync(new URL("../../docs/developer/behaviours.md", import.meta.url), "utf8");
  expect(written).toBe(page(behaviours()));
});

it("gives reasons only for families and behaviours that exist", () => {
  const all = behaviours().map(({ id }) => id);
  for (const key of Object.keys(NOT_YET)) expect(all.some((id) => id === key || id.startsWith(`${key}-`))).toBe(true);
});

it.each([
  ["one id", "does it (RET-30)", ["RET-30"]],
  ["a range", "CAP-02..04 hold", ["CAP-02", "CAP-03", "CAP-04"]],
  ["a range that runs backwards is none", "CAP-09..02", []],
  ["no id", "a UTF-8 text", []],
])("reads %s", (_what, text, ids) => {
  expect(idsIn(text)).toEqual(ids);
});
