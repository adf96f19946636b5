/** Which way a Choice state goes. */
import { z } from "zod";
import type { JsonValue } from "../../../core/ports/record-store.ts";
import { AslError } from "./errors.ts";
import { evaluate, type Frame, lookUp, parseExpression } from "./expressions.ts";

const rule = z.looseObject({
  Variable: z.string().optional(),
  get And() {
    return z.array(rule).min(1).optional();
  },
  get Or() {
    return z.array(rule).min(1).optional();
  },
  get Not() {
    return rule.optional();
  },
  Next: z.string().optional(),
  Comment: z.string().optional(),
});

/** The shape of a choice rule; {@link checkRule} checks what a shape cannot. */
export const choiceRule = rule;
type ChoiceRule = z.output<typeof rule>;

const ORDERED = /^(String|Numeric|Timestamp)(Equals|LessThan|GreaterThan|LessThanEquals|GreaterThanEquals)(Path)?$/;
const OTHERS = /^(BooleanEquals|BooleanEqualsPath|StringMatches|Is(Present|Null|String|Numeric|Boolean|Timestamp))$/;
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** @throws TypeError for a rule that has no test, several, or one that does not exist */
export function checkRule(each: ChoiceRule): void {
  const tests = Object.keys(each).filter((key) => !["Variable", "Next", "Comment"].includes(key));
  if (tests.length !== 1) throw new TypeError(`a choice needs exactly one test, not ${tests.join(", ") || "none"}`);
  for (const inner of [...(each.And ?? []), ...(each.Or ?? []), ...(each.Not ? [each.Not] : [])]) checkRule(inner);
  const test = tests[0] as string;
  if (["And", "Or", "Not"].includes(test)) return;
  if (!ORDERED.test(test) && !OTHERS.test(test)) throw new TypeError(`unknown comparison ${test}`);
  if (each.Variable === undefined) throw new TypeError(`${test} needs a Variable`);
  parseExpression(each.Variable);
  const operand = each[test];
  if (test.endsWith("Path")) parseExpression(String(operand));
  const wanted = test.startsWith("Numeric") ? "number" : /^(Is|Boolean)/.test(test) ? "boolean" : "string";
  if (!test.endsWith("Path") && typeof operand !== wanted) throw new TypeError(`${test} compares with a ${wanted}`);
}

/**
 * Whether a rule holds.
 * @throws AslError States.Runtime when its Variable leads nowhere (except under IsPresent), as on AWS
 */
export function holds(each: ChoiceRule, frame: Frame): boolean {
  if (each.And) return each.And.every((inner) => holds(inner, frame));
  if (each.Or) return each.Or.some((inner) => holds(inner, frame));
  if (each.Not) return !holds(each.Not, frame);
  const test = Object.keys(each).find((key) => ORDERED.test(key) || OTHERS.test(key)) as string;
  const variable = each.Variable as string;
  const operand = each[test] as JsonValue;
  const value = lookUp(variable, frame);
  if (test === "IsPresent") return (value !== undefined) === operand;
  if (value === undefined) throw new AslError("States.Runtime", `the choice's variable ${variable} leads nowhere`);
  if (test.startsWith("Is")) return isA(test.slice(2), value) === operand;
  const [, kind, comparison] = /^(String|Numeric|Timestamp|Boolean)(.+?)(Path)?$/.exec(test) as RegExpExecArray;
  const other = test.endsWith("Path") ? evaluate(String(operand), frame) : operand;
  if (!isA(kind as string, value) || !isA(kind as string, other)) return false;
  if (comparison === "Matches") return pattern(String(other)).test(String(value));
  return compare(comparison as string, kind === "Timestamp" ? instants(value, other) : [value, other]);
}

function isA(kind: string, value: JsonValue): boolean {
  if (kind === "Null") return value === null;
  if (kind === "Timestamp") return typeof value === "string" && TIMESTAMP.test(value);
  return typeof value === (kind === "Numeric" ? "number" : kind.toLowerCase());
}

function instants(value: JsonValue, other: JsonValue): readonly [number, number] {
  return [Date.parse(String(value)), Date.parse(String(other))];
}

function compare(comparison: string, [a, b]: readonly JsonValue[]): boolean {
  // Both sides are of one kind here (string, number, boolean), so JavaScript's order is the language's.
  const [x, y] = [a as number, b as number];
  if (comparison === "Equals") return x === y;
  if (comparison === "LessThan") return x < y;
  if (comparison === "LessThanEquals") return x <= y;
  if (comparison === "GreaterThan") return x > y;
  return x >= y;
}

/** `*` stands for any characters; a backslash makes the next one plain. */
function pattern(text: string): RegExp {
  const parts = text.match(/\\.|\*|[^*\\]/gs) ?? [];
  const literal = (part: string) => part.replace(/^\\(.)$/s, "$1").replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${parts.map((part) => (part === "*" ? ".*" : literal(part))).join("")}$`, "s");
}
