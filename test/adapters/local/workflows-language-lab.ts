/** Runs machines on the bare interpreter, for the tests of the language. */
import { parseDefinition } from "../../../adapters/local/workflows/definition.ts";
import { AslError, taskError } from "../../../adapters/local/workflows/errors.ts";
import { type Host, runMachine } from "../../../adapters/local/workflows/interpreter.ts";
import type { JsonObject, JsonValue } from "../../../core/ports/record-store.ts";

/** What stands behind a task state. */
export type Task = (input: JsonValue) => JsonValue | Promise<JsonValue>;

/** `$$` of every run. */
export const context = { Execution: { Name: "run-1", Id: "id-1", Input: {}, StartTime: "2026-01-01T00:00:00.000Z" } };
const live = new AbortController().signal;

/** A host without records or time: tasks by the name of their state; pauses and waits are noted, not waited for. */
export function hostOf(tasks: Record<string, Task>): Host & { readonly paused: number[] } {
  const paused: number[] = [];
  let time = 0;
  return {
    paused,
    async task(visit, _state, input) {
      try {
        return await (tasks[visit.state] as Task)(input);
      } catch (error) {
        throw taskError(error);
      }
    },
    waitUntil: async (_visit, _input, deadline) => {
      paused.push(deadline() - time);
      time = deadline();
    },
    pause: async (ms) => void paused.push(ms),
    now: () => time,
    chance: () => 0.5,
    count: () => undefined,
  };
}

/** Runs a definition here; a failure is its answer. */
export async function ours(definition: object, input: JsonValue, host: Host): Promise<JsonValue> {
  const machine = parseDefinition("test", definition as JsonObject);
  try {
    return await runMachine(machine, input, { at: "", context, signal: live, host });
  } catch (error) {
    if (error instanceof AslError) return { failed: error.error };
    throw error;
  }
}

/** A task state with a time-out. */
export const task = (rest: JsonObject = {}): JsonObject => ({
  Type: "Task",
  Resource: "arn:aws:lambda:eu-west-1:123456789012:function:f",
  TimeoutSeconds: 9,
  ...rest,
});
/** A machine of one state, `S`. */
export const one = (state: JsonObject) => ({ StartAt: "S", States: { S: { ...state, End: true } } });
/** Answers with what it got. */
export const echo: Task = (input) => ({ echo: input });
