/**
 * Workflows on one machine: starts executions durably, drives them in this process, goes on with them after a crash.
 *
 * The whole machine is run again from its start after a crash; every outcome that it acted on comes from the journal, so
 * only the work that was not recorded is done (again): see {@link stepName}. A crash may fall between a task's effect and
 * its entry, so tasks are idempotent, as the port says.
 */
import { Buffer } from "node:buffer";
import { type JsonObject, LimitExceeded, type RecordStore } from "../../../core/ports/record-store.ts";
import type { WorkflowName, Workflows } from "../../../core/ports/workflows.ts";
import { PAYLOAD_BYTES } from "./canonical.ts";
import { type AslDefinition, CHILD_RESOURCE, parseDefinition, type States, taskStates } from "./definition.ts";
import { Discarded, StoreFault } from "./errors.ts";
import { createGate } from "./gate.ts";
import { createJournal, type End, type Execution, type ExecutionKey } from "./journal.ts";
import { type Run, type RunHooks, runExecution, type TaskHandler } from "./run.ts";
import { realSleep, type Sleep } from "./timers.ts";

/** Pauses after the record store failed: doubling from the first, never above the second. Milliseconds. */
const FIRST_FAULT_PAUSE_MS = 500;
const LONGEST_FAULT_PAUSE_MS = 60_000;

const NAME = /^[A-Za-z0-9_-]{1,80}$/;
const PLACEHOLDER = /^\$\{([a-z0-9-]+(?:\.[a-z0-9-]+)?)\}$/;

export interface LocalWorkflowsOptions {
  readonly records: RecordStore;
  readonly definitions: Readonly<Partial<Record<WorkflowName, AslDefinition>>>;
  /** By the name inside a task's `Resource: "${workflow.state}"`. */
  readonly handlers: Readonly<Record<string, TaskHandler>>;
  /**
   * By handler name: how many calls run at once; more wait in order, and their time-outs begin when they are called. Set
   * it for handlers that queue for something scarce (worker threads): queueing would eat up their TimeoutSeconds.
   */
  readonly concurrency?: Readonly<Record<string, number>>;
  /**
   * By workflow: how many of its executions are driven at once. More are recorded and wait in order: a thousand that are due at
   * one time need no more memory than these. Only for workflows that are nobody's children: a parent would keep its place while it waits for one.
   */
  readonly drivenAtOnce?: Readonly<Partial<Record<WorkflowName, number>>>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: (
    line: { readonly level: "info" | "warn" | "error"; readonly text: string } & Record<string, unknown>,
  ) => void;
  /** For tests. */
  readonly hooks?: RunHooks;
  /** For tests: the default waits on the real clock. */
  readonly sleep?: Sleep;
  /** For tests: a number in [0, 1) for jittered retries. */
  readonly chance?: () => number;
}

export interface LocalWorkflows extends Workflows {
  /** Goes on with every unfinished execution; call it once after start-up. How many it found. */
  resume(): Promise<number>;
  /**
   * Stops for good: no task is started any more, running handlers are told by their signal. Resolves when all of them
   * came back or after `graceMs`. Nothing is recorded as failed; the next process resumes what was running. A start after
   * this is still recorded.
   */
  park(graceMs: number): Promise<void>;
  /** Resolves when nothing is running here. */
  idle(): Promise<void>;
}

/**
 * Builds the runner.
 * @throws TypeError when a definition is outside the runner's subset, or names a handler or machine that is not there
 */
export function createLocalWorkflows(options: LocalWorkflowsOptions): LocalWorkflows {
  const { records, now, log } = options;
  const sleep = options.sleep ?? realSleep;
  const machines = parseAll(options);
  const journal = createJournal(records, now);
  const active = new Map<string, Promise<End>>();
  const background = new Set<Promise<void>>();
  const parking = new AbortController();
  /** After park's grace: a handler that comes back later must not write any more. */
  const closing = new AbortController();

  const run: Run = {
    journal,
    handlers: options.handlers,
    hooks: options.hooks ?? {},
    now,
    sleep,
    chance: options.chance ?? Math.random,
    parking: parking.signal,
    closing: closing.signal,
    gates: new Map(Object.entries(options.concurrency ?? {}).map(([name, room]) => [name, createGate(room)])),
    longHistory: (key, limit) =>
      log({ level: "warn", text: `more than ${limit} events: AWS would have ended this execution`, ...key }),
    async child(key, input) {
      checkName(key);
      const started = await journal.start(key, plainInput(input)).catch((error: unknown) => {
        throw error instanceof LimitExceeded ? error : new StoreFault(String(error), { cause: error });
      });
      const end = await launch(key, started);
      return { end, execution: (await journal.read(key)) as Execution };
    },
  };

  const rooms = new Map(
    Object.entries(options.drivenAtOnce ?? {}).map(([name, room]) => [name as WorkflowName, createGate(room)]),
  );

  /** Drives an execution unless it is being driven already. `fresh`: just recorded, nothing in its journal. */
  function launch(key: ExecutionKey, fresh?: Execution): Promise<End> {
    const id = `${key.workflow}#${key.name}`;
    const known = active.get(id);
    if (known !== undefined) return known;
    const room = rooms.get(key.workflow);
    const driving = room === undefined ? drive(key, fresh) : room(parking.signal, () => drive(key, fresh));
    const driven = driving.finally(() => active.delete(id));
    active.set(id, driven);
    driven.catch((error: unknown) => {
      if (!(error instanceof Discarded)) log({ level: "error", text: "execution lost its driver", id, error });
    });
    return driven;
  }

  async function drive(key: ExecutionKey, fresh: Execution | undefined): Promise<End> {
    for (let faults = 0; ; faults++) {
      if (parking.signal.aborted) throw new Discarded("parked");
      try {
        return await driveOnce(key, faults === 0 ? fresh : undefined);
      } catch (error) {
        if (!(error instanceof StoreFault)) throw error;
        // Nothing of the run is lost: what the store took is in the journal, the rest is done again from there.
        log({ level: "error", text: "records cannot be written: the execution will go on later", ...key, error });
        await sleep(Math.min(FIRST_FAULT_PAUSE_MS * 2 ** faults, LONGEST_FAULT_PAUSE_MS), parking.signal).catch(() => {
          throw new Discarded("parked");
        });
      }
    }
  }

  async function driveOnce(key: ExecutionKey, fresh: Execution | undefined): Promise<End> {
    const execution = fresh ?? (await journal.read(key));
    if (execution === undefined) throw new Error(`execution ${key.workflow} ${key.name} has no record`);
    // A list read before the end was written, or a child that ended before its parent's crash.
    if (execution.end !== undefined) return execution.end;
    const end = await runExecution(run, machineOf(key.workflow), execution, fresh === undefined);
    closing.signal.throwIfAborted();
    await journal.end(execution, end);
    const level = end.status === "failed" ? "warn" : "info";
    log({ level, text: `execution ${end.status}`, ...key, ...(end.status === "failed" ? end : {}) });
    later(journal.clear(key), key);
    return end;
  }

  function later(work: Promise<void>, key: ExecutionKey): void {
    const settled = work
      .catch((error: unknown) =>
        log({ level: "warn", text: "journal of an ended execution stays until its ttl", ...key, error }),
      )
      .finally(() => background.delete(settled));
    background.add(settled);
  }

  function machineOf(workflow: WorkflowName): States {
    const machine = machines.get(workflow);
    if (machine === undefined) throw new TypeError(`no definition of workflow ${workflow}`);
    return machine;
  }

  async function idle(): Promise<void> {
    while (active.size + background.size > 0) await Promise.allSettled([...active.values(), ...background]);
  }

  return {
    async start(workflow, name, input) {
      machineOf(workflow);
      const key = { workflow, name };
      checkName(key);
      const execution = await journal.start(key, plainInput(input));
      if (execution === undefined) return "exists";
      if (!parking.signal.aborted) launch(key, execution);
      return "started";
    },

    async status(workflow, name) {
      return (await journal.read({ workflow, name }))?.status;
    },

    async resume() {
      const found = await journal.unfinished();
      const known = found.filter(({ workflow }) => machines.has(workflow));
      for (const key of found) {
        if (!machines.has(key.workflow))
          log({ level: "error", text: "unfinished execution of an unknown workflow", ...key });
      }
      for (const key of known) launch(key);
      return known.length;
    },

    async park(graceMs) {
      parking.abort(new Discarded("parked"));
      const grace = new AbortController();
      // The pause is called off when everything came back before it ended: nothing is wrong then.
      await Promise.race([idle(), sleep(graceMs, grace.signal).catch(() => undefined)]);
      grace.abort(new Discarded("done"));
      closing.abort(new Discarded("parked"));
    },

    idle,
  };
}

/** @throws LimitExceeded when AWS would not take the name */
function checkName({ name }: ExecutionKey): void {
  if (NAME.test(name)) return;
  throw new LimitExceeded(`execution name "${name}": 1 to 80 characters of A-Z, a-z, 0-9, _ and -`);
}

/**
 * The input as a replay will read it from the records (no undefined, no Dates).
 * @throws LimitExceeded above AWS's limit
 */
function plainInput(input: JsonObject): JsonObject {
  const text = JSON.stringify(input);
  const bytes = Buffer.byteLength(text);
  if (bytes > PAYLOAD_BYTES) throw new LimitExceeded(`execution input: ${bytes} bytes, at most ${PAYLOAD_BYTES}`);
  return JSON.parse(text) as JsonObject;
}

function parseAll({ definitions, handlers }: LocalWorkflowsOptions): ReadonlyMap<WorkflowName, States> {
  const machines = new Map<WorkflowName, States>();
  const missing: string[] = [];
  for (const [name, definition] of Object.entries(definitions) as [WorkflowName, AslDefinition][]) {
    const machine = parseDefinition(name, definition);
    machines.set(name, machine);
    for (const [state, { Resource, Parameters }] of taskStates(machine)) {
      const child = Resource === CHILD_RESOURCE;
      const target = child ? (Parameters as JsonObject | undefined)?.StateMachineArn : Resource;
      const known = placeholder(target);
      if (known === undefined || !Object.hasOwn(child ? definitions : handlers, known)) {
        missing.push(`${name}.${state} needs ${child ? "the workflow" : "a handler for"} ${String(target)}`);
      }
    }
  }
  if (missing.length > 0) throw new TypeError(`workflows: ${missing.join("; ")}`);
  return machines;
}

/** The name inside `${…}`; undefined for anything else. */
function placeholder(text: unknown): string | undefined {
  return typeof text === "string" ? PLACEHOLDER.exec(text)?.[1] : undefined;
}
