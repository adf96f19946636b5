/** Which Retry or Catch an error matches, and how long a retry waits. */
import type { Catcher, Retrier } from "./definition.ts";
import type { AslError } from "./errors.ts";

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
