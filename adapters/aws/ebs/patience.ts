/** Which errors of EBS direct pass by themselves, and how long is waited for that? */
import { unavailableOr } from "../clients.ts";
import type { Timing } from "./timing.ts";

/**
 * Names of errors after which the same request may succeed: the API's own (EBS direct API Reference, "Errors" of
 * GetSnapshotBlock and PutSnapshotBlock), the common ones of AWS, and those of a cut connection.
 */
const PASSING = new Set([
  "RequestThrottledException",
  "ThrottlingException",
  "ConcurrentLimitExceededException",
  "InternalServerException",
  "ServiceUnavailable",
  "TimeoutError",
  "ECONNRESET",
  "EPIPE",
]);

const FIRST_WAIT_MS = 50;
/** Short, because many callers share the quota: who sleeps long leaves it unused. */
const LONGEST_WAIT_MS = 4_000;
/** A unit of transfer has 12 minutes; one request that gets nowhere must not eat more than a few of them. */
const GIVE_UP_AFTER_MS = 150_000;

/** The bytes that came are not the bytes that were sent: asking again may help. */
export class Garbled extends Error {
  override readonly name = "Garbled";
}
const MOST_GARBLED = 4;

/** `reason` of the API's typed errors (ValidationException, ResourceNotFoundException …). */
export function reasonOf(error: unknown): string {
  const reason = (error as { Reason?: unknown } | undefined)?.Reason;
  return typeof reason === "string" ? reason : "";
}

export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

// A write that took too long is refused as invalid (ValidationExceptionReason of the EBS direct model).
const passes = (error: unknown): boolean => isNamed(error, ...PASSING) || reasonOf(error) === "WRITE_REQUEST_TIMEOUT";

/**
 * Does a request until it succeeds, fails for good, or 150 s are over. Waits twice as long each time, up to 4 s, each
 * time a random part of it, so that units that were throttled together do not come back together. This is on top of
 * the SDK's own adaptive retries, which end after a few attempts.
 */
export async function patiently<T>(timing: Timing, signal: AbortSignal, request: () => Promise<T>): Promise<T> {
  const end = timing.now() + GIVE_UP_AFTER_MS;
  let garbled = 0;
  for (let longest = FIRST_WAIT_MS; ; longest = Math.min(longest * 2, LONGEST_WAIT_MS)) {
    try {
      return await request();
    } catch (error) {
      const again = error instanceof Garbled ? ++garbled < MOST_GARBLED : passes(error);
      const wait = longest * timing.random();
      if (!again || signal.aborted) throw error;
      if (timing.now() + wait >= end) throw unavailableOr(error);
      await timing.sleep(wait, signal);
      signal.throwIfAborted();
    }
  }
}
