/**
 * How a state machine is run: from state to state, with the paths, retries and catchers of the Amazon States Language.
 *
 * Knows no records and no clock: a Host does the work and remembers it. https://states-language.net/spec.html
 */
import type { JsonObject, JsonValue } from "../../../core/ports/record-store.ts";
import { withinLimit } from "./canonical.ts";
import { holds } from "./choice.ts";
import {
  type ChoiceState,
  type FailState,
  INLINE_MAP_CONCURRENCY,
  type MapState,
  type PassState,
  type State,
  type States,
  type TaskState,
  type WaitState,
} from "./definition.ts";
import { AslError, Discarded, errorOutput } from "./errors.ts";
import { assign, evaluate, type Frame, fill, isObject } from "./expressions.ts";
import { catcherFor, retryBudget } from "./handling.ts";
import { linked } from "./timers.ts";

/** What the interpreter needs from its surroundings. */
export interface Host {
  /** Runs a task with its retries; throws AslError for its failure and anything else to throw the whole run away. */
  task(visit: Visit, state: TaskState, input: JsonValue): Promise<JsonValue>;
  /** Resolves at `deadline` (epoch ms), which is computed once per visit and remembered. */
  waitUntil(visit: Visit, input: JsonValue, deadline: () => number): Promise<void>;
  /** A pause before a retried Map, milliseconds. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  now(): number;
  chance(): number;
  /** Counts events as AWS's history would. */
  count(events: number): void;
}

/** One passage through a state. `at` is unique in the run and the same in a replay. */
export interface Visit {
  readonly state: string;
  readonly at: string;
  readonly context: JsonObject;
  readonly signal: AbortSignal;
}

/** Where a run of states happens: the execution itself, or one item of a map. */
interface Lane {
  readonly at: string;
  readonly context: JsonObject;
  readonly signal: AbortSignal;
  readonly host: Host;
}

/**
 * Runs a machine to its end.
 * @throws AslError when the machine fails; whatever the host throws to discard the run
 */
export async function runMachine(machine: States, input: JsonValue, lane: Lane): Promise<JsonValue> {
  const visits = new Map<string, number>();
  let name = machine.StartAt;
  let data = input;
  for (;;) {
    lane.signal.throwIfAborted();
    const state = machine.States[name] as State;
    const count = visits.get(name) ?? 0;
    visits.set(name, count + 1);
    const visit: Visit = {
      state: name,
      at: `${lane.at}/${name}#${count}`,
      context: { ...lane.context, State: { Name: name } },
      signal: lane.signal,
    };
    lane.host.count(2); // entered, exited
    const step = await enter(state, data, visit, lane);
    data = withinLimit(step.data, `the output of state ${name}`);
    if (step.next === undefined) return data;
    name = step.next;
  }
}

interface Step {
  readonly data: JsonValue;
  readonly next: string | undefined;
}

async function enter(state: State, raw: JsonValue, visit: Visit, lane: Lane): Promise<Step> {
  const { context } = visit;
  const inputPath = "InputPath" in state ? state.InputPath : undefined;
  const frame: Frame = { input: pick(inputPath, { input: raw, context }), context };
  const out = (data: JsonValue) => pick("OutputPath" in state ? state.OutputPath : undefined, { input: data, context });
  switch (state.Type) {
    case "Task":
    case "Map": {
      try {
        const result =
          state.Type === "Task" ? await task(state, frame, visit, lane) : await map(state, frame, visit, lane);
        const selected =
          state.ResultSelector === undefined ? result : fill(state.ResultSelector, { input: result, context });
        return { data: out(place(state.ResultPath, raw, selected)), next: state.Next };
      } catch (error) {
        const catcher = error instanceof AslError ? catcherFor(state.Catch, error) : undefined;
        if (catcher === undefined) throw error;
        return { data: place(catcher.ResultPath, raw, errorOutput(error as AslError)), next: catcher.Next };
      }
    }
    case "Pass":
      return { data: out(pass(state, raw, frame)), next: state.Next };
    case "Choice":
      return { data: out(frame.input), next: choose(state, frame) };
    case "Wait":
      await lane.host.waitUntil(visit, frame.input, () => deadline(state, frame, lane.host.now()));
      return { data: out(frame.input), next: state.Next };
    case "Succeed":
      return { data: out(frame.input), next: undefined };
    case "Fail":
      throw failure(state, frame);
  }
}

/** InputPath and OutputPath: absent = all of it, null = an empty object. */
function pick(path: string | null | undefined, frame: Frame): JsonValue {
  if (path === null) return {};
  return path === undefined ? frame.input : evaluate(path, frame);
}

/** ResultPath: absent = the result replaces the input, null = the input stays. */
function place(path: string | null | undefined, raw: JsonValue, result: JsonValue): JsonValue {
  if (path === null) return raw;
  return path === undefined ? result : assign(raw, path, result);
}

async function task(state: TaskState, frame: Frame, visit: Visit, lane: Lane): Promise<JsonValue> {
  const input = state.Parameters === undefined ? frame.input : fill(state.Parameters, frame);
  return await lane.host.task(visit, state, withinLimit(input, `the input of task ${visit.state}`));
}

async function map(state: MapState, frame: Frame, visit: Visit, lane: Lane): Promise<JsonValue> {
  const items = pick(state.ItemsPath, frame);
  if (!Array.isArray(items)) throw new AslError("States.Runtime", `the items of map ${visit.state} are not an array`);
  const retryIn = retryBudget(state.Retry, lane.host.chance);
  for (let attempt = 0; ; attempt++) {
    try {
      return await mapOnce(state, items, frame, { ...visit, at: `${visit.at}.${attempt}` }, lane);
    } catch (error) {
      const ms = error instanceof AslError ? retryIn(error) : undefined;
      if (ms === undefined) throw error;
      await lane.host.pause(ms, lane.signal);
    }
  }
}

/** Runs the items, at most MaxConcurrency at once. The first failure stops the others, and none is started after it. */
async function mapOnce(state: MapState, items: readonly JsonValue[], frame: Frame, visit: Visit, lane: Lane) {
  const inner = linked(lane.signal);
  const results: JsonValue[] = new Array(items.length);
  const queue = items.entries();
  lane.host.count(2); // map started, map succeeded
  const runItem = async (index: number, value: JsonValue) => {
    inner.signal.throwIfAborted();
    const context = { ...visit.context, Map: { Item: { Index: index, Value: value } } };
    const input = state.ItemSelector === undefined ? value : fill(state.ItemSelector, { input: frame.input, context });
    lane.host.count(2); // iteration started, iteration succeeded
    const item = { at: `${visit.at}[${index}]`, context, signal: inner.signal, host: lane.host };
    return await runMachine(state.ItemProcessor, input, item);
  };
  const worker = async () => {
    try {
      for (const [index, value] of queue) results[index] = await runItem(index, value);
    } catch (error) {
      // At once, so that no other worker takes an item in between.
      inner.abort(new Discarded(`another item of map ${visit.state} failed`));
      throw error;
    }
  };
  const workers = Math.min(state.MaxConcurrency || INLINE_MAP_CONCURRENCY, INLINE_MAP_CONCURRENCY, items.length);
  try {
    await Promise.all(Array.from({ length: workers }, worker));
    return results;
  } finally {
    inner.release();
  }
}

function pass(state: PassState, raw: JsonValue, frame: Frame): JsonValue {
  if (state.Result !== undefined) return place(state.ResultPath, raw, state.Result);
  return place(state.ResultPath, raw, state.Parameters === undefined ? frame.input : fill(state.Parameters, frame));
}

function choose(state: ChoiceState, frame: Frame): string {
  const next = state.Choices.find((rule) => holds(rule, frame))?.Next ?? state.Default;
  if (next === undefined) throw new AslError("States.NoChoiceMatched", "no rule holds and there is no Default");
  return next;
}

function deadline(state: WaitState, frame: Frame, now: number): number {
  const timestamp = state.Timestamp ?? (state.TimestampPath && evaluate(state.TimestampPath, frame));
  const seconds = state.Seconds ?? (state.SecondsPath && evaluate(state.SecondsPath, frame));
  const at = timestamp === undefined ? now + Number(seconds) * 1000 : Date.parse(String(timestamp));
  if (!Number.isFinite(at)) throw new AslError("States.Runtime", "a wait needs a number of seconds or a timestamp");
  return at;
}

function failure(state: FailState, frame: Frame): AslError {
  const text = (fixed: string | undefined, path: string | undefined) => {
    const value = path === undefined ? (fixed ?? "") : evaluate(path, frame);
    return typeof value === "string" ? value : JSON.stringify(isObject(value) ? { ...value } : value);
  };
  return new AslError(text(state.Error, state.ErrorPath), text(state.Cause, state.CausePath));
}
