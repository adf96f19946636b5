/** One spelling of a JSON value, and the limit of its size. */
import { Buffer } from "node:buffer";
import type { JsonValue } from "../../../core/ports/record-store.ts";
import { AslError } from "./errors.ts";

/** AWS's limit for the input and the output of a state, bytes of UTF-8. https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
export const PAYLOAD_BYTES = 262_144;

/** JSON text with sorted keys: equal values give equal texts. */
export function canonical(value: JsonValue): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

/** @throws AslError States.DataLimitExceeded above 256 KiB, as on AWS */
export function withinLimit<T extends JsonValue>(value: T, what: string): T {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes <= PAYLOAD_BYTES) return value;
  throw new AslError("States.DataLimitExceeded", `${what} is ${bytes} bytes, more than ${PAYLOAD_BYTES}`);
}
