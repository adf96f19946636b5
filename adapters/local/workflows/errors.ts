/** What can go wrong in an execution, in the words of the language. */
import type { JsonObject } from "../../../core/ports/record-store.ts";

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
