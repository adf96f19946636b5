/** Which of the port's errors is a failure of DynamoDB? */
import { LimitExceeded, Throttled, TransactionConflict } from "../../../core/ports/record-store.ts";

/** Error names that mean "slow down" or "not now" (API reference, "Common errors" and the errors of each operation). */
const THROTTLES: readonly string[] = [
  "ProvisionedThroughputExceededException",
  "ProvisionedThroughputExceeded",
  "ThrottlingException",
  "ThrottlingError",
  "Throttling",
  "ThrottledException",
  "RequestLimitExceeded",
  "RequestLimitExceededException",
  "TooManyRequestsException",
  "InternalServerError",
  "InternalServerErrorException",
  "InternalFailure",
  "ServiceUnavailable",
  "ServiceUnavailableException",
  // Of the SDK's HTTP handler.
  "TimeoutError",
];

/** Failures of a connection; node:net. */
const CONNECTION: readonly string[] = [
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
];

const CONFLICTS: readonly string[] = ["TransactionConflictException", "TransactionConflict"];

/** DynamoDB says by its text only what a ValidationException is about; every other one is a bug of this adapter. */
const SIZES = /size|exceed|too large|nesting|overflow|at most|less than or equal/i;

/** What of an SDK error decides. */
interface Failure {
  readonly name: string;
  readonly message: string;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/**
 * The port's error for a failure after which nothing was written: Throttled, TransactionConflict or LimitExceeded, with
 * the failure as its cause. Every other failure is given back as it is. Not for writes whose answer was lost.
 */
export function portError(error: unknown): unknown {
  const { name, message, code, $metadata } = error as Failure;
  const status = $metadata?.httpStatusCode ?? 0;
  const said = `${name}: ${message}`;
  if (THROTTLES.includes(name) || CONNECTION.includes(String(code)) || status >= 500 || status === 429) {
    return new Throttled(said, { cause: error });
  }
  if (CONFLICTS.includes(name)) return new TransactionConflict(said, { cause: error });
  if (name === "ItemCollectionSizeLimitExceededException") return new LimitExceeded(said, { cause: error });
  if (name === "ValidationException" && SIZES.test(message)) return new LimitExceeded(said, { cause: error });
  return error;
}

/** The same for the reason that a transaction gives for one of its writes; undefined for a failed condition or none. */
export function reasonError(code: string | undefined, message: string | undefined): Error | undefined {
  if (code === undefined || code === "None" || code === "ConditionalCheckFailed") return undefined;
  const said = `${code}: ${message}`;
  if (CONFLICTS.includes(code)) return new TransactionConflict(said);
  if (THROTTLES.includes(code)) return new Throttled(said);
  if (code === "ItemCollectionSizeLimitExceeded" || code === "ValidationError") return new LimitExceeded(said);
  return new Error(`transaction cancelled, ${said}`);
}
