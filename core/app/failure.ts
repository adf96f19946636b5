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
  SourceDiffers: "6215",
  TargetUnusable: "2011",
};

/**
 * The failure to record. A Fault's message begins with its own code; Lambda wraps messages in JSON, a local run does not.
 * A fault that no one foresaw is 9910 with its text: better an odd text than a hidden cause.
 */
export function failureOf(error: CaughtError): { readonly code: string; readonly message: string } {
  const caught = innermost(error);
  const text = plainCause(caught.Cause ?? "");
  const [, code, rest] = /^(\d{4}): ([\s\S]*)$/.exec(text) ?? [];
  if (code !== undefined && rest !== undefined && code in FAULTS)
    return { code: `BackupService.${code}`, message: rest };
  const known = CODES[caught.Error ?? ""] ?? "9910";
  return { code: `BackupService.${known}`, message: text || (caught.Error ?? "unknown error") };
}

/** The failure of a child execution comes as States.TaskFailed with the child's description in the cause. */
function innermost(caught: CaughtError): CaughtError {
  const child = json(caught.Cause ?? "");
  if (child === undefined || typeof child.ExecutionArn !== "string") return caught;
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  const [error, cause] = [text(child.Error), text(child.Cause)];
  // One that was stopped from outside has no error of its own (DescribeExecution: `error` and `cause` of failures only).
  if (error === "" && cause === "")
    return { Error: caught.Error, Cause: `the child execution ${text(child.Name)} is ${text(child.Status)}` };
  return innermost({ Error: error || caught.Error, Cause: cause });
}

function plainCause(cause: string): string {
  const parsed = json(cause);
  return typeof parsed?.errorMessage === "string" ? parsed.errorMessage : cause;
}

/** The object that the text holds, if it is one; else the text is shown as it came. */
function json(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
