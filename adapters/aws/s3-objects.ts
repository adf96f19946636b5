/** How are backup objects kept in an S3 bucket? */
import { setTimeout as sleep } from "node:timers/promises";
import type { S3Client } from "@aws-sdk/client-s3";
import { checkObjectName, checkPrefix } from "../../core/ports/object-names.ts";
import type { ObjectStore } from "../../core/ports/object-store.ts";
import type { Bucket } from "./s3/bucket.ts";
import { checkKeyPrefix } from "./s3/key-prefix.ts";
import { listObjects } from "./s3/list.ts";
import { putOnce } from "./s3/put.ts";
import { type Range, readObject } from "./s3/read.ts";
import { sizeOf } from "./s3/size.ts";
import { createTrash } from "./s3/trash.ts";

export interface S3ObjectStoreOptions {
  /** Retries throttling and network errors by itself; give it a socket time-out, or a silent peer holds a call for ever. */
  readonly client: S3Client;
  /** A general purpose bucket with versioning enabled. */
  readonly bucket: string;
  /** Stands before every name, `segment/…/`. Default: none. */
  readonly prefix?: string;
  /** Account id; S3 refuses every call when the bucket belongs to another one. Default: not checked. */
  readonly expectedOwner?: string;
  /** Between own attempts, ms. Default: a timer. */
  readonly wait?: (ms: number) => Promise<unknown>;
}

/**
 * An object is the current version of its key. Puts never replace; deleting leaves the version for the bucket's lifecycle.
 * Rights that the callers' roles need: s3:GetObject, s3:PutObject and s3:ListBucket; to trash also s3:DeleteObject and
 * s3:GetBucketVersioning, never s3:DeleteObjectVersion. An S3 bucket has no limit, so StoreFull never comes.
 * @throws TypeError for a bad prefix
 */
export function createS3Objects(options: S3ObjectStoreOptions): ObjectStore {
  const { client, bucket, prefix = "", expectedOwner: owner, wait: given = sleep } = options;
  checkKeyPrefix(prefix);
  const where: Bucket = { client, bucket, prefix, owner };
  const trash = createTrash(where);
  const wait = async (ms: number) => void (await given(ms));
  return {
    async putIfAbsent(name, bytes) {
      checkObjectName(name);
      return putOnce(where, name, bytes, wait);
    },
    async get(name, range) {
      checkObjectName(name);
      if (range !== undefined) checkRange(range);
      return readObject(where, name, range, wait);
    },
    async size(name) {
      checkObjectName(name);
      return sizeOf(where, name);
    },
    async *list(start) {
      checkPrefix(start);
      yield* listObjects(where, start);
    },
    async trash(name) {
      checkObjectName(name);
      return trash(name);
    },
  };
}

function checkRange({ offset, length }: Range): void {
  if (Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0) return;
  throw new TypeError(`bad range: ${length} bytes from ${offset}`);
}
