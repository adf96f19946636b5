/** One drive of one execution: runs its machine, asks the journal first, calls handlers and children, keeps time-outs. */
import { type JsonObject, type JsonValue, LimitExceeded } from "../../../core/ports/record-store.ts";
import type { WorkflowName } from "../../../core/ports/workflows.ts";
import { withinLimit } from "./canonical.ts";
import { CHILD_RESOURCE, type States, type TaskState } from "./definition.ts";
import { AslError, Discarded, StoreFault, taskError } from "./errors.ts";
import type { Gate } from "./gate.ts";
import { retryBudget } from "./handling.ts";
import { type Host, runMachine, type Visit } from "./interpreter.ts";
import { type End, type Execution, type ExecutionKey, type Journal, type Outcome, stepName } from "./journal.ts";
import { linked, type Sleep, unlessAborted } from "./timers.ts";

/**
 * The work behind a task state. Idempotent: it may be called again with the same input after a crash, a time-out or a
 * failure. When `signal` aborts (time-out, park, a failed sibling) it should stop soon; what it returns then is not used,
 * except that work finished while parking is still recorded. Errors are told apart by their `name`.
 */
export type TaskHandler = (
  input: JsonObject,
  context: { readonly executionName: string; readonly workflow: WorkflowName; readonly signal: AbortSignal },
) => Promise<JsonObject>;

/** Where tests look in, and kill. `task` is the name inside the placeholder, or the child's resource. */
export interface RunHooks {
  /** Before a handler is called. */
  readonly beforeTask?: (task: string, execution: ExecutionKey) => void | Promise<void>;
  /** Between a handler's return and the journal's entry. */
  readonly afterEffect?: (task: string, execution: ExecutionKey) => void | Promise<void>;
  /** After the journal's entry. */
  readonly afterRecord?: (task: string, execution: ExecutionKey) => void | Promise<void>;
}

/** What all runs of one process share. */
export interface Run {
  readonly journal: Journal;
  readonly handlers: Readonly<Record<string, TaskHandler>>;
  readonly hooks: RunHooks;
  readonly now: () => number;
  readonly sleep: Sleep;
  readonly chance: () => number;
  readonly parking: AbortSignal;
  readonly closing: AbortSignal;
  /** By handler name: how many calls may run at once. */
  readonly gates: ReadonlyMap<string, Gate>;
  /** Told once when a run has more events than AWS allows. */
  readonly longHistory: (key: ExecutionKey, limit: number) => void;
  /** Starts a child, or finds it, and waits for its end. @throws LimitExceeded, StoreFault, Discarded */
  readonly child: (key: ExecutionKey, input: JsonObject) => Promise<{ end: End; execution: Execution }>;
}

/** AWS ends an execution here; one machine only says so, it keeps no history. https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
const HISTORY_EVENTS = 25_000;
/** A wait looks at the clock this often, so that it ends in time after the machine slept or the clock was set. */
const CLOCK_LOOK_MS = 60_000;
/** How long a run that is begun again waits for handlers of the run before that ignore their signal. */
const STRAGGLER_MS = 60_000;

/**
 * Runs an execution from its start, using the journal when `replay` is set.
 * @throws Discarded when parked, StoreFault when records cannot be written: the execution is unfinished then
 */
export async function runExecution(run: Run, machine: States, execution: Execution, replay: boolean): Promise<End> {
  const { workflow, name, input, started } = execution;
  const attempt = linked(run.parking);
  const calls = new Set<Promise<unknown>>();
  const Id = `local:execution:${workflow}:${name}`;
  const context: JsonObject = {
    Execution: { Id, Name: name, Input: input, StartTime: new Date(started).toISOString() },
    StateMachine: { Id: `local:stateMachine:${workflow}`, Name: workflow },
  };
  try {
    const host = hostOf(run, execution, replay, calls);
    const output = await runMachine(machine, input, { at: "", context, signal: attempt.signal, host });
    return { status: "succeeded", output };
  } catch (error) {
    // Lanes that go on beside the one that threw must neither start nor record anything more.
    attempt.abort(new Discarded("the run was thrown away"));
    if (error instanceof AslError) return { status: "failed", error: error.error, reason: error.reason };
    if (error instanceof StoreFault) await settled(calls, run);
    if (error instanceof StoreFault || error instanceof Discarded) throw error;
    return {
      status: "failed",
      error: "States.Runtime",
      reason: error instanceof Error ? error.message : String(error),
    };
  } finally {
    attempt.release();
  }
}

/** Waits for handlers of a discarded run, so that the next run does not do the same work beside them. */
async function settled(calls: ReadonlySet<Promise<unknown>>, run: Run): Promise<void> {
  const pause = linked(run.parking);
  // The pause only rejects when it is called off, which is no failure.
  await Promise.race([Promise.allSettled(calls), run.sleep(STRAGGLER_MS, pause.signal).catch(() => undefined)]);
  pause.abort(new Discarded("settled"));
  pause.release();
}

function hostOf(run: Run, execution: Execution, replay: boolean, calls: Set<Promise<unknown>>): Host {
  const { workflow, name } = execution;
  let events = 2; // started, ended

  /** Does a step once in the execution's life: from the journal if it is there, else by `work`, whose outcome is recorded. */
  async function once(visit: Visit, label: string, input: JsonValue, work: () => Promise<Outcome>): Promise<Outcome> {
    const step = stepName(visit.at, input);
    const known = replay ? await run.journal.recall(execution, step) : undefined;
    if (known !== undefined) return known;
    visit.signal.throwIfAborted();
    const outcome = await work();
    await run.hooks.afterEffect?.(label, execution);
    run.closing.throwIfAborted();
    const recorded = await run.journal.record(execution, step, visit.state, outcome);
    await run.hooks.afterRecord?.(label, execution);
    return recorded;
  }

  async function untilDone(
    visit: Visit,
    state: TaskState,
    gate: Gate | undefined,
    call: (signal: AbortSignal) => Promise<JsonValue>,
  ): Promise<Outcome> {
    // The gate is outside the time-out: a task's time begins when it is called, not when it begins to queue.
    const attempt = () => timed(run, state.TimeoutSeconds, visit, call, calls);
    const retryIn = retryBudget(state.Retry, run.chance);
    for (;;) {
      host.count(3); // scheduled, started, ended
      try {
        const output = await (gate === undefined ? attempt() : gate(visit.signal, attempt));
        // What a replay would read: no Dates, no undefined.
        const plain = JSON.parse(JSON.stringify(output ?? null)) as JsonValue;
        return { output: withinLimit(plain, `the output of task ${visit.state}`) };
      } catch (thrown) {
        if (thrown instanceof StoreFault || thrown instanceof Discarded) throw thrown;
        // A handler that was told to stop has not failed: whatever it threw is thrown away with the run.
        if (visit.signal.aborted) throw new Discarded("told to stop", { cause: thrown });
        const error = taskError(thrown);
        const ms = retryIn(error);
        if (ms === undefined) return { error: error.error, reason: error.reason };
        await run.sleep(ms, visit.signal);
      }
    }
  }

  const host: Host = {
    now: run.now,
    chance: run.chance,
    pause: run.sleep,

    count(more) {
      const before = events;
      events += more;
      if (before <= HISTORY_EVENTS && events > HISTORY_EVENTS) run.longHistory(execution, HISTORY_EVENTS);
    },

    async task(visit, state, input) {
      const isChild = state.Resource === CHILD_RESOURCE;
      const label = isChild ? state.Resource : state.Resource.slice(2, -1);
      const handler = run.handlers[label];
      const outcome = await once(visit, label, input, async () => {
        await run.hooks.beforeTask?.(label, execution);
        return await untilDone(visit, state, run.gates.get(label), (signal) => {
          if (isChild) return unlessAborted(callChild(run, input as JsonObject), signal);
          return (handler as TaskHandler)(input as JsonObject, { executionName: name, workflow, signal });
        });
      });
      if ("error" in outcome) throw new AslError(outcome.error, outcome.reason);
      return "output" in outcome ? outcome.output : null;
    },

    async waitUntil(visit, input, deadline) {
      const outcome = await once(visit, visit.state, input, async () => ({ until: deadline() }));
      const until = "until" in outcome ? outcome.until : run.now();
      for (let left = until - run.now(); left > 0; left = until - run.now()) {
        await run.sleep(Math.min(left, CLOCK_LOOK_MS), visit.signal);
      }
    },
  };
  return host;
}

/** Calls with a time-out: at its end the call's signal aborts and States.Timeout is thrown, whatever the call does. */
async function timed(
  run: Run,
  seconds: number,
  visit: Visit,
  call: (signal: AbortSignal) => Promise<JsonValue>,
  calls: Set<Promise<unknown>>,
): Promise<JsonValue> {
  const handling = linked(visit.signal);
  const clock = new AbortController();
  const timeout = run.sleep(seconds * 1000, clock.signal).then(() => {
    const error = new AslError("States.Timeout", `no answer within ${seconds} s`);
    handling.abort(error);
    throw error;
  });
  // An async function, so that a handler that throws before its first await rejects like any other.
  const calling = (async () => await call(handling.signal))();
  calls.add(calling);
  // The race below hears the failure; this chain only tidies up, also after the race was lost.
  calling.catch(() => undefined).finally(() => calls.delete(calling));
  timeout.catch(() => undefined);
  try {
    return await Promise.race([calling, timeout]);
  } finally {
    clock.abort(new Discarded("answered"));
    handling.release();
  }
}

/**
 * A child execution, as `startExecution.sync:2` reports it. A child of this name that ended before (the parent's crash
 * lies between) gives its recorded end; its failure is States.TaskFailed in the parent.
 */
async function callChild(run: Run, parameters: JsonObject): Promise<JsonValue> {
  const { StateMachineArn, Name, Input } = parameters;
  const workflow = String(StateMachineArn).slice(2, -1) as WorkflowName;
  if (typeof Name !== "string") throw new AslError("States.TaskFailed", "a child execution needs a Name");
  const result = await run.child({ workflow, name: Name }, (Input ?? {}) as JsonObject).catch((error: unknown) => {
    throw error instanceof LimitExceeded ? new AslError("States.TaskFailed", error.message) : error;
  });
  const { end, execution } = result;
  const report = {
    ExecutionArn: `local:execution:${workflow}:${Name}`,
    StateMachineArn: `local:stateMachine:${workflow}`,
    Name,
    Status: end.status === "succeeded" ? "SUCCEEDED" : "FAILED",
    StartDate: execution.started,
    StopDate: execution.ended ?? execution.started,
  };
  if (end.status === "succeeded") return { ...report, Input: execution.input, Output: end.output };
  throw new AslError("States.TaskFailed", JSON.stringify({ ...report, Error: end.error, Cause: end.reason }));
}
