/** How does a command fail? Each kind of failure with the exit code and the text it ends in. */

/** The exit codes that scripts may rely on. */
export const exitCodes = { done: 0, failed: 1, usage: 2, preflight: 3, damaged: 3, broken: 3 } as const;

/** Something that the user asked for did not happen; the message is for them. Exit code 1. */
export class CommandFailed extends Error {
  override readonly name: string = "CommandFailed";
  readonly exitCode: number = exitCodes.failed;
}

/** Something must be done before a deployment can be made. Exit code 3. */
export class PreflightFailed extends CommandFailed {
  override readonly name = "PreflightFailed";
  override readonly exitCode = exitCodes.preflight;
}

/** The command line itself makes no sense; nothing was tried. Exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Says on standard error how a command failed. @returns its exit code */
export function reportFailure(error: unknown): number {
  const usage = error instanceof UsageError;
  const known = usage || error instanceof CommandFailed;
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`holdfast: ${text}\n`);
  // A stack helps only when the failure is a surprise.
  if (!known && error instanceof Error && process.env.HOLDFAST_DEBUG !== undefined)
    process.stderr.write(`${error.stack}\n`);
  if (error instanceof CommandFailed) return error.exitCode;
  return usage ? exitCodes.usage : exitCodes.failed;
}

/** Nobody answers at the service's address. */
export class ServiceUnreachable extends CommandFailed {
  override readonly name = "ServiceUnreachable";
  /** True when the machine answered that nothing listens there: the service is certainly not running. */
  readonly refused: boolean;
  constructor(url: string, cause: unknown) {
    const code = connectionCode(cause);
    super(
      `no answer from ${url} (${code ?? (cause instanceof Error ? cause.message : String(cause))}); is "holdfast serve" running?`,
      {
        cause,
      },
    );
    this.refused = code === "ECONNREFUSED";
  }
}

/** The service answered, and the answer is an error. */
export class ApiError extends CommandFailed {
  override readonly name = "ApiError";
  readonly status: number;
  /** `BackupService.NNNN`, `APIGW.NNNN`, or empty when the answer carried none. */
  readonly code: string;
  constructor(status: number, code: string, message: string, requestId: string | undefined) {
    const request = requestId === undefined ? "" : `, request ${requestId}`;
    super(`${code === "" ? "" : `${code}: `}${message} (HTTP ${status}${request})`);
    this.status = status;
    this.code = code;
  }
}

/** The system's code of a failed connection: fetch hides it in a cause, and in a list of causes for two addresses. */
function connectionCode(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if ("code" in at && typeof at.code === "string") return at.code;
    if (at instanceof AggregateError && at.errors.length > 0) return connectionCode(at.errors[0]);
  }
  return undefined;
}
