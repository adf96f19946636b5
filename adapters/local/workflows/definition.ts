/**
 * Which state machines this runner accepts: the subset of the Amazon States Language (JSONPath) that it runs exactly.
 *
 * Parsed strictly: a field outside the subset, or a misspelt one, is refused when the service starts and never ignored at
 * run time. https://states-language.net/spec.html
 */
import { z } from "zod";
import { checkRule, choiceRule } from "./choice.ts";
import { isReferencePath, parseExpression, templateExpressions } from "./expressions.ts";

/** The parsed JSON of workflows/<name>.asl.json; nothing is assumed about it. */
export type AslDefinition = { readonly [key: string]: unknown };

/** AWS runs at most 40 items of an inline Map at once. https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html */
export const INLINE_MAP_CONCURRENCY = 40;

/** The one service integration that the runner knows: run another machine and wait for its end. */
export const CHILD_RESOURCE = "arn:aws:states:::states:startExecution.sync:2";

const expression = z.string().superRefine((text, context) => {
  const problem = problemOf(() => parseExpression(text));
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
});
const path = expression.refine((text) => text.startsWith("$"), "must be a path: it starts with $");
const referencePath = z.string().refine(isReferencePath, "must be a plain path like $.a.b");
const template = z.json().superRefine((value, context) => {
  for (const text of templateExpressions(value)) {
    const problem = problemOf(() => parseExpression(text));
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  }
});
const seconds = z.number().int().min(1).max(99_999_999);
const errorNames = z.array(z.string().min(1)).min(1);

const retrier = z.strictObject({
  ErrorEquals: errorNames,
  IntervalSeconds: seconds.optional(),
  MaxAttempts: z.number().int().min(0).max(99_999_999).optional(),
  BackoffRate: z.number().min(1).optional(),
  MaxDelaySeconds: seconds.optional(),
  JitterStrategy: z.enum(["NONE", "FULL"]).optional(),
  Comment: z.string().optional(),
});
const catcher = z.strictObject({
  ErrorEquals: errorNames,
  Next: z.string(),
  ResultPath: referencePath.nullable().optional(),
  Comment: z.string().optional(),
});

const named = { Comment: z.string().optional(), QueryLanguage: z.literal("JSONPath").optional() };
const io = { ...named, InputPath: path.nullable().optional(), OutputPath: path.nullable().optional() };
const flow = { Next: z.string().optional(), End: z.literal(true).optional() };
const result = { ResultSelector: template.optional(), ResultPath: referencePath.nullable().optional() };
const handling = { Retry: z.array(retrier).optional(), Catch: z.array(catcher).optional() };

const task = z.strictObject({
  Type: z.literal("Task"),
  Resource: z.string(),
  Parameters: template.optional(),
  TimeoutSeconds: seconds,
  ...io,
  ...flow,
  ...result,
  ...handling,
});
const map = z.strictObject({
  Type: z.literal("Map"),
  ItemsPath: path.optional(),
  ItemSelector: template.optional(),
  MaxConcurrency: z.number().int().min(0).optional(),
  get ItemProcessor(): z.ZodType<States> {
    return processor;
  },
  ...io,
  ...flow,
  ...result,
  ...handling,
});
const pass = z.strictObject({
  Type: z.literal("Pass"),
  Result: z.json().optional(),
  Parameters: template.optional(),
  ResultPath: referencePath.nullable().optional(),
  ...io,
  ...flow,
});
const choice = z.strictObject({
  Type: z.literal("Choice"),
  Choices: z.array(choiceRule).min(1),
  Default: z.string().optional(),
  ...io,
});
const wait = z.strictObject({
  Type: z.literal("Wait"),
  Seconds: z.number().int().min(0).max(99_999_999).optional(),
  SecondsPath: path.optional(),
  Timestamp: z.iso.datetime({ offset: true }).optional(),
  TimestampPath: path.optional(),
  ...io,
  ...flow,
});
const succeed = z.strictObject({ Type: z.literal("Succeed"), ...io });
const failed = z.strictObject({
  Type: z.literal("Fail"),
  Error: z.string().optional(),
  Cause: z.string().optional(),
  ErrorPath: expression.optional(),
  CausePath: expression.optional(),
  ...named,
});
const state = z.discriminatedUnion("Type", [task, map, pass, choice, wait, succeed, failed]);
const states = { StartAt: z.string(), States: z.record(z.string(), state) };
const processor = z.strictObject({
  ProcessorConfig: z.strictObject({ Mode: z.literal("INLINE") }).optional(),
  Comment: z.string().optional(),
  ...states,
});
const machine = z.strictObject({
  ...named,
  Version: z.literal("1.0").optional(),
  ...states,
});

export type Retrier = z.output<typeof retrier>;
export type Catcher = z.output<typeof catcher>;
export type TaskState = z.output<typeof task>;
export type MapState = z.output<typeof map>;
export type PassState = z.output<typeof pass>;
export type ChoiceState = z.output<typeof choice>;
export type WaitState = z.output<typeof wait>;
export type FailState = z.output<typeof failed>;
export type State = z.output<typeof state>;
export interface States {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

/**
 * Parses one definition.
 * @throws TypeError naming the workflow, the place and the rule
 */
export function parseDefinition(name: string, definition: AslDefinition): States {
  const parsed = machine.safeParse(definition);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new TypeError(`workflow ${name} is not one this runner can run: ${problems.join("; ")}`);
  }
  const problems = [...structureProblems(parsed.data, "")];
  if (problems.length > 0) throw new TypeError(`workflow ${name}: ${problems.join("; ")}`);
  return parsed.data;
}

/** Every task state of a machine, those inside its maps too, with its name. */
export function* taskStates(states: States): Generator<readonly [string, TaskState]> {
  for (const [name, each] of Object.entries(states.States)) {
    if (each.Type === "Task") yield [name, each];
    if (each.Type === "Map") yield* taskStates(each.ItemProcessor);
  }
}

/** Transitions to nowhere, states without a way on, and choices that cannot be evaluated. */
function* structureProblems(states: States, at: string): Generator<string> {
  const exists = (name: string) => Object.hasOwn(states.States, name);
  if (!exists(states.StartAt)) yield `${at}StartAt names no state: ${states.StartAt}`;
  for (const [name, each] of Object.entries(states.States)) {
    const place = `${at}${name}`;
    const targets: string[] = [];
    if ("Next" in each && each.Next !== undefined) targets.push(each.Next);
    if ("Catch" in each) targets.push(...(each.Catch ?? []).map((one) => one.Next));
    if (each.Type === "Choice") {
      if (each.Default !== undefined) targets.push(each.Default);
      for (const rule of each.Choices) {
        targets.push(rule.Next ?? "(a choice without Next)");
        const problem = problemOf(() => checkRule(rule));
        if (problem !== undefined) yield `${place}: ${problem}`;
      }
    } else if (
      each.Type !== "Succeed" &&
      each.Type !== "Fail" &&
      (each.Next === undefined) === (each.End === undefined)
    ) {
      yield `${place}: exactly one of Next and End`;
    }
    if (each.Type === "Wait") {
      const given = [each.Seconds, each.SecondsPath, each.Timestamp, each.TimestampPath].filter(
        (one) => one !== undefined,
      );
      if (given.length !== 1) yield `${place}: exactly one of Seconds, SecondsPath, Timestamp and TimestampPath`;
    }
    for (const target of targets) if (!exists(target)) yield `${place}: goes to a state that does not exist: ${target}`;
    if (each.Type === "Map") yield* structureProblems(each.ItemProcessor, `${place}.`);
  }
}

function problemOf(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
