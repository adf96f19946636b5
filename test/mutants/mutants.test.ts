/** Does every mutant still break what it says, and does a test quote it? `npm run test:mutants` then asks whether that test notices. */
import { transformSync } from "esbuild";
import { describe, expect, it } from "vitest";
import { behaviours } from "../behaviours/table.ts";
import { MUTANTS } from "./mutants.ts";
import { mutate, sourceOf } from "./tree.ts";
import { judge } from "./verdict.ts";

/** Families where a broken rule loses data, or lets in who should stay out. */
const THREE_AT_LEAST = ["RET", "SCH", "CAP", "RST", "CCY", "VLT", "BKP", "DEL", "PRM", "AUD"];

const familyOf = (id: string): string => id.slice(0, 3);

describe("the list of mutants", () => {
  it("changes text that stands exactly once in its file, into code that can be read", () => {
    for (const mutant of MUTANTS) {
      const source = mutate(sourceOf(mutant), mutant);
      expect(() => transformSync(source, { loader: "ts" }), mutant.id).not.toThrow();
    }
  });

  it("names behaviours that the test file quotes", () => {
    const tested = new Map(behaviours().map(({ id, tests }) => [id, tests]));
    for (const { id, test } of MUTANTS) expect(tested.get(id), id).toContain(test);
  });

  it("has one for every family of which a behaviour is tested, and three for some", () => {
    const families = new Set(behaviours().flatMap(({ id, tests }) => (tests.length > 0 ? [familyOf(id)] : [])));
    for (const family of families) {
      const own = MUTANTS.filter(({ id }) => familyOf(id) === family).length;
      expect(own, family).toBeGreaterThanOrEqual(THREE_AT_LEAST.includes(family) ? 3 : 1);
    }
  });

  it("breaks each rule in one way only once", () => {
    const ways = MUTANTS.map(({ file, text, instead }) => [file, text, instead].join("\n"));
    expect(new Set(ways).size).toBe(ways.length);
  });
});

describe("a mutant", () => {
  const test = (fullName: string, status = "passed", ...messages: string[]) => ({
    fullName,
    title: fullName,
    status,
    messages,
  });
  const [id, other] = MUTANTS.map((mutant) => mutant.id);
  const quoting = `keeps this (${id})`;

  it("is caught when a test that quotes it is red, by itself or within a range", () => {
    const range = `${id}..${Number(id?.slice(4)) + 1}`;
    for (const name of [quoting, `a vault ${range} holds`])
      expect(judge(id ?? "", [test(name, "failed", "AssertionError"), test("else")], 2)).toEqual({
        kind: "caught",
        tests: [name],
      });
  });

  it("has survived when all is green, also where tests are left out", () => {
    expect(judge(id ?? "", [test(quoting), test("else", "skipped")], 2)).toEqual({ kind: "survived" });
  });

  it("is not caught by tests that quote others or none", () => {
    const red = [test(`keeps that (${other})`, "failed"), test("else", "failed")];
    expect(judge(id ?? "", [test(quoting), ...red], 3)).toEqual({
      kind: "unquoted",
      tests: [`keeps that (${other})`, "else"],
    });
  });

  it("says nothing when the file was not loaded, did not end, or ran what is no program", () => {
    expect(judge(id ?? "", undefined, 1)).toMatchObject({ kind: "broken" });
    expect(judge(id ?? "", [], 1)).toEqual({ kind: "broken", why: "0 tests were found instead of 1" });
    const failed = test(quoting, "failed", "ReferenceError: vault is not defined\n    at …");
    expect(judge(id ?? "", [failed], 1)).toEqual({ kind: "broken", why: "ReferenceError: vault is not defined" });
  });

  it("is refused when its text stands nowhere, or in two places", () => {
    const [mutant] = MUTANTS;
    if (mutant === undefined) throw new Error("there are no mutants");
    expect(() => mutate("", mutant)).toThrow("stands 0 times");
    expect(() => mutate(mutant.text + mutant.text, mutant)).toThrow("stands 2 times");
  });
});
