/** What can go wrong in an execution, which Retry or Catch it matches, and how long a retry waits. */
import type { JsonObject } from "../../../core/ports/record-store.ts";
import type { Catcher, Retrier } from "./definition.ts";

/** An error in the language's own terms: ErrorEquals compares `error`, Catch hands `error` and `cause` on. */
export class AslError extends Error {
  override readonly name = "AslError";
  readonly error: string;
  readonly reason: string;
  constructor(error: string, reason: string) {
    super(`${error}: ${reason}`);
    this.error = error;
    this.reason = reason;
  }
}

/** The in-memory run is thrown away (parked, or its records cannot be written): never an outcome, no Retry or Catch sees it. */
export class Discarded extends Error {
  override readonly name = "Discarded";
}

/** The record store failed: the run is thrown away and begun again from its journal. */
export class StoreFault extends Error {
  override readonly name = "StoreFault";
}

/**
 * Names that no wildcard matches on AWS: a fault of the definition, and a payload over the limit. The second can be
 * caught by its own name, the first never.
 * https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
 */
const TERMINAL = new Set(["States.Runtime", "States.DataLimitExceeded"]);

function matches(pattern: readonly string[], error: string): boolean {
  if (error === "States.Runtime") return false;
  if (pattern.includes(error)) return true;
  if (TERMINAL.has(error)) return false;
  if (pattern.includes("States.ALL")) return true;
  return pattern.includes("States.TaskFailed") && error !== "States.Timeout";
}

/** The first catcher that takes this error. */
export function catcherFor(catchers: readonly Catcher[] | undefined, error: AslError): Catcher | undefined {
  return catchers?.find((catcher) => matches(catcher.ErrorEquals, error.error));
}

/** What a Catch puts at its ResultPath. */
export function errorOutput(error: AslError): JsonObject {
  return { Error: error.error, Cause: error.reason };
}

/** AWS cuts a cause at 32,768 characters; a message of this length fits in with its escapes and the rest. */
const LONGEST_MESSAGE = 8_000;

/** A handler's rejection as AWS reports a function's: the name of the error's class, and a JSON text as the cause. */
export function taskError(thrown: unknown): AslError {
  if (thrown instanceof AslError) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const errorMessage = error.message.slice(0, LONGEST_MESSAGE);
  return new AslError(error.name, JSON.stringify({ errorType: error.name, errorMessage }));
}

/**
 * Counts the retries of one visit to a state. Each retrier has its own count, as the language says. Counts live in memory
 * only: after a crash they start again, so a task may be tried up to MaxAttempts more often than its state says.
 */
export function retryBudget(retriers: readonly Retrier[] | undefined, chance: () => number) {
  const used = new Map<Retrier, number>();
  /** Milliseconds until the next attempt; undefined = this error is not retried (any more). */
  return (error: AslError): number | undefined => {
    const retrier = retriers?.find((candidate) => matches(candidate.ErrorEquals, error.error));
    if (retrier === undefined) return undefined;
    const count = used.get(retrier) ?? 0;
    if (count >= (retrier.MaxAttempts ?? 3)) return undefined;
    used.set(retrier, count + 1);
    const growing = (retrier.IntervalSeconds ?? 1) * (retrier.BackoffRate ?? 2) ** count;
    const seconds = Math.min(growing, retrier.MaxDelaySeconds ?? Number.POSITIVE_INFINITY);
    return seconds * 1000 * (retrier.JitterStrategy === "FULL" ? chance() : 1);
  };
}
