/** Where are the objects, and what does an error of S3 mean there? */
import type { S3Client } from "@aws-sdk/client-s3";
import { StoreFailed } from "../../../core/ports/object-store.ts";

export interface Bucket {
  readonly client: S3Client;
  readonly bucket: string;
  /** Stands before every name: "" or `segment/…/`. */
  readonly prefix: string;
  /** The account that must own the bucket. */
  readonly owner: string | undefined;
}

/** What every call on the bucket says. */
export function inBucket({ bucket, owner }: Bucket) {
  return { Bucket: bucket, ExpectedBucketOwner: owner };
}

/** What every call on one object says. */
export function onObject(where: Bucket, name: string) {
  return { ...inBucket(where), Key: where.prefix + name };
}

/** The error's name, as S3 gave it (`NoSuchKey`, `SlowDown`) or the SDK (`TimeoutError`). */
export function codeOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

/** The HTTP status of the answer that the SDK threw, undefined when there was no answer. */
export function statusOf(error: unknown): number | undefined {
  return (error as { readonly $metadata?: { readonly httpStatusCode?: number } } | undefined)?.$metadata
    ?.httpStatusCode;
}

/**
 * Any error of a call as StoreFailed: which call, which object, which bucket, what S3 said and, where it helps, what to do.
 * The SDK has retried before what is worth a retry (SlowDown, 5xx, time-outs).
 */
export function toStoreFailed(where: Bucket, call: string, error: unknown): StoreFailed {
  const code = codeOf(error);
  const status = statusOf(error);
  const said = error instanceof Error ? error.message : String(error);
  const advice = adviceFor(where, code, status);
  const text = `${call} in bucket ${where.bucket} failed: ${code}${status === undefined ? "" : ` (HTTP ${status})`}: ${said}`;
  return new StoreFailed(advice === undefined ? text : `${text}. ${advice}`, { cause: error });
}

function adviceFor(where: Bucket, code: string, status: number | undefined): string | undefined {
  if (code === "NoSuchBucket") return `There is no bucket ${where.bucket}`;
  // S3 also says 403 for a missing object when the caller may not list the bucket: that is no proof of absence.
  if (status === 403) return "The role needs the right for this call on the bucket, and s3:ListBucket";
  if (status === 301) return "The bucket is in another region than the client";
  return undefined;
}
