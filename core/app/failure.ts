/** What a workflow knows of an error, turned into what a task shows: a code and a sentence. */
import { FAULTS, type FaultCode } from "../domain/fault-codes.ts";

/** Error name and cause as Amazon States Language hands them to a Catch. */
export interface CaughtError {
  readonly Error?: string | undefined;
  readonly Cause?: string | undefined;
}

/** Codes for errors that are not faults by themselves. */
const CODES: Readonly<Record<string, FaultCode>> = {
  StoreFull: "6401",
  SourceChanged: "6215",
  TargetUnusable: "2011",
};

/**
 * The failure to record. A Fault's message begins with its own code; Lambda wraps messages in JSON, a local run does not.
 * A fault that no one foresaw is 9910 with its text: better an odd text than a hidden cause.
 */
export function failureOf(caught: CaughtError): { readonly code: string; readonly message: string } {
  const text = plainCause(caught.Cause ?? "");
  const [, code, rest] = /^(\d{4}): ([\s\S]*)$/.exec(text) ?? [];
  if (code !== undefined && rest !== undefined && code in FAULTS)
    return { code: `BackupService.${code}`, message: rest };
  const known = CODES[caught.Error ?? ""] ?? "9910";
  return { code: `BackupService.${known}`, message: text || (caught.Error ?? "unknown error") };
}

function plainCause(cause: string): string {
  if (!cause.startsWith("{")) return cause;
  try {
    const parsed = JSON.parse(cause) as { errorMessage?: unknown };
    return typeof parsed.errorMessage === "string" ? parsed.errorMessage : cause;
  } catch {
    // Not JSON after all: the text is shown as it came.
    return cause;
  }
}
