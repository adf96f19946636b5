/** How paths, intrinsic calls and payload templates are read and evaluated. */
import type { JsonObject, JsonValue } from "../../../core/ports/record-store.ts";
import { AslError } from "./errors.ts";
import { INTRINSICS } from "./intrinsics.ts";

/** `[*]` is the only wildcard: filters, slices and `..` are outside the subset. */
type Segment = string | number | "*";
type Expression =
  | { readonly kind: "path"; readonly root: "$" | "$$"; readonly segments: readonly Segment[]; readonly many: boolean }
  | { readonly kind: "literal"; readonly value: JsonValue }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] };

/** What an expression is evaluated against: `$` and `$$`. */
export interface Frame {
  readonly input: JsonValue;
  readonly context: JsonObject;
}

/**
 * The parts of `$$` that are the same when an execution is replayed after a crash. The others (State.EnteredTime,
 * State.RetryCount, Task.Token) would give a task another input than the one its output was recorded for.
 */
const CONTEXT =
  /^(Execution\.(Id|Name|StartTime|Input.*)|State\.Name|StateMachine\.(Id|Name)|Map\.Item\.(Index|Value.*))$/;

const parsed = new Map<string, Expression>();

/** Parses a path (`$.a[0].b`, `$$.Execution.Name`) or an intrinsic call. @throws TypeError when outside the subset */
export function parseExpression(text: string): Expression {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const reader = new Reader(text);
  const expression = reader.expression(false);
  if (!reader.done) throw new TypeError(`cannot read "${text}" from character ${reader.at}`);
  parsed.set(text, expression);
  return expression;
}

/** Whether a ResultPath can be written to: `$` or `$.a.b`. */
export function isReferencePath(text: string): boolean {
  return /^\$(\.[A-Za-z_][A-Za-z0-9_-]*)*$/.test(text);
}

/**
 * The value of an expression.
 * @throws AslError States.Runtime when a path leads nowhere (as AWS does: it ends the execution, no Catch takes it)
 */
export function evaluate(text: string, frame: Frame): JsonValue {
  return compute(parseExpression(text), frame, text);
}

/** The value of a path, undefined when it leads nowhere. */
export function lookUp(text: string, frame: Frame): JsonValue | undefined {
  const expression = parseExpression(text);
  return expression.kind === "path" ? follow(expression, frame) : compute(expression, frame, text);
}

/** Fills a payload template: every field `x.$` becomes `x` with the value of its expression. */
export function fill(template: JsonValue, frame: Frame): JsonValue {
  if (Array.isArray(template)) return template.map((each: JsonValue) => fill(each, frame));
  if (!isObject(template)) return template;
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) =>
      key.endsWith(".$") ? [key.slice(0, -2), evaluate(String(value), frame)] : [key, fill(value ?? null, frame)],
    ),
  );
}

/** Every expression in a payload template. */
export function* templateExpressions(template: JsonValue): Generator<string> {
  if (Array.isArray(template)) for (const each of template as readonly JsonValue[]) yield* templateExpressions(each);
  else if (isObject(template)) {
    for (const [key, value] of Object.entries(template)) {
      if (key.endsWith(".$")) yield String(value);
      else yield* templateExpressions(value ?? null);
    }
  }
}

/** `target` with `value` at a reference path; objects on the way are made, anything else there is replaced. */
export function assign(target: JsonValue, path: string, value: JsonValue): JsonValue {
  const place = (into: JsonValue, [key, ...rest]: readonly string[]): JsonValue => {
    if (key === undefined) return value;
    const base = isObject(into) ? into : {};
    return { ...base, [key]: place(base[key] ?? null, rest) };
  };
  return place(target, path.split(".").slice(1));
}

/** True for a JSON object (not an array, not null). */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function compute(expression: Expression, frame: Frame, text: string): JsonValue {
  if (expression.kind === "literal") return expression.value;
  if (expression.kind === "call") {
    const args = expression.args.map((each) => compute(each, frame, text));
    try {
      return (INTRINSICS[expression.name] as (args: readonly JsonValue[]) => JsonValue)(args);
    } catch (error) {
      throw new AslError("States.IntrinsicFailure", `${text}: ${error instanceof Error ? error.message : error}`);
    }
  }
  const value = follow(expression, frame);
  if (value === undefined) throw new AslError("States.Runtime", `the path in "${text}" leads nowhere`);
  return value;
}

function follow(path: Extract<Expression, { kind: "path" }>, frame: Frame): JsonValue | undefined {
  let values: JsonValue[] = [path.root === "$" ? frame.input : frame.context];
  for (const segment of path.segments) {
    values = values.flatMap((value) => {
      if (segment === "*") return Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
      if (typeof segment === "number") return Array.isArray(value) && segment < value.length ? [value[segment]] : [];
      return isObject(value) && Object.hasOwn(value, segment) ? [value[segment]] : [];
    }) as JsonValue[];
  }
  return path.many ? values : values[0];
}

/** Reads one expression from left to right. */
class Reader {
  at = 0;
  private readonly text: string;
  constructor(text: string) {
    this.text = text;
  }

  get done(): boolean {
    return this.at === this.text.length;
  }

  expression(argument: boolean): Expression {
    if (this.text.startsWith("$", this.at)) return this.path();
    if (this.text.startsWith("States.", this.at)) return this.call();
    if (argument) return this.literal();
    throw new TypeError(`"${this.text}" is neither a path nor an intrinsic function`);
  }

  private take(pattern: RegExp): RegExpExecArray | undefined {
    const sticky = new RegExp(pattern, "y");
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.text);
    if (found === null) return undefined;
    this.at = sticky.lastIndex;
    return found;
  }

  private path(): Expression {
    const root = this.take(/\$\$?/)?.[0] === "$$" ? "$$" : "$";
    const segments: Segment[] = [];
    for (;;) {
      const found = this.take(/\.([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^'\]]+)'\]|\[(\*)\]/);
      if (found === undefined) break;
      segments.push(found[2] === undefined ? ((found[1] ?? found[3] ?? found[4]) as string) : Number(found[2]));
    }
    if (root === "$$" && !CONTEXT.test(segments.join("."))) {
      throw new TypeError(
        `"${this.text}": this part of the context object is not the same after a restart, or unknown`,
      );
    }
    return { kind: "path", root, segments, many: segments.includes("*") };
  }

  private call(): Expression {
    const name = this.take(/States\.(\w+)\(/)?.[1];
    if (name === undefined || !Object.hasOwn(INTRINSICS, name)) {
      throw new TypeError(`"${this.text}": not an intrinsic function that this runner has`);
    }
    const args: Expression[] = [];
    this.take(/\s*/);
    while (!this.take(/\)/)) {
      if (args.length > 0 && !this.take(/,\s*/)) throw new TypeError(`"${this.text}": a comma is missing`);
      args.push(this.expression(true));
      this.take(/\s*/);
    }
    return { kind: "call", name, args };
  }

  private literal(): Expression {
    const quoted = this.take(/'((?:[^'\\]|\\.)*)'/);
    // A backslash protects the next character; Format needs its own braces, so \{ and \} stay as they are.
    if (quoted) return { kind: "literal", value: (quoted[1] as string).replace(/\\([^{}])/g, "$1") };
    const other = this.take(/null|true|false|-?\d+(\.\d+)?([eE][+-]?\d+)?/);
    if (other) return { kind: "literal", value: JSON.parse(other[0]) as JsonValue };
    throw new TypeError(`"${this.text}": no value at character ${this.at}`);
  }
}
