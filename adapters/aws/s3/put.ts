/** How is an object written once, and known to be ours although the answer was lost? */
import { randomUUID } from "node:crypto";
import { HeadObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { StoreFailed } from "../../../core/ports/object-store.ts";
import { type Bucket, codeOf, onObject, statusOf, toStoreFailed } from "./bucket.ts";

/** Own attempts, beside the SDK's for network errors and throttling. */
const ATTEMPTS = 6;
const FIRST_WAIT_MS = 50;
/**
 * Worth another attempt, which the SDK does not make: a conflict with another write of the name ("on a 409 failure, retry
 * the upload", docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html), and bytes that arrived damaged or short.
 */
const AGAIN = ["ConditionalRequestConflict", "OperationAborted", "BadDigest", "IncompleteBody"];
/** Metadata of each object: which call put it. */
const PUT_BY = "holdfast-put";

/**
 * One PutObject with `If-None-Match: *`: the bytes are sent from where they are. S3 verifies two sums before it stores
 * them, the signature's SHA-256 and the CRC-32, which it keeps and gives back with the object. CRC-32 because the runtime
 * computes it natively; the SDK has CRC-64/NVME in JavaScript only, 14 times slower.
 *
 * An answer that was lost on the way makes the SDK send the put again, and S3 then says 412 of our own object. So each call
 * leaves a token in the object's metadata, and 412 is "exists" only when the token there is another one's.
 */
export async function putOnce(
  where: Bucket,
  name: string,
  bytes: Uint8Array,
  wait: (ms: number) => Promise<void>,
): Promise<"created" | "exists"> {
  const token = randomUUID();
  const command = new PutObjectCommand({
    ...onObject(where, name),
    Body: bytes,
    ContentLength: bytes.byteLength,
    IfNoneMatch: "*",
    ChecksumAlgorithm: "CRC32",
    Metadata: { [PUT_BY]: token },
  });
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await where.client.send(command);
      // S3 may send its status before it knows the outcome; without an ETag nothing says that the object is there.
      if (answer.ETag === undefined) throw new StoreFailed(`S3 did not say that it stored ${name}`);
      return "created";
    } catch (error) {
      // By name as well: S3 has been seen to send this error under status 200 (github.com/aws/aws-sdk-java-v2/issues/6023).
      if (statusOf(error) === 412 || codeOf(error) === "PreconditionFailed") return whose(where, name, token);
      if (!AGAIN.includes(codeOf(error)) || attempt === ATTEMPTS) throw failedPut(where, name, error);
      await wait(FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
    }
  }
}

function failedPut(where: Bucket, name: string, error: unknown): StoreFailed {
  return error instanceof StoreFailed ? error : toStoreFailed(where, `put ${name}`, error);
}

async function whose(where: Bucket, name: string, token: string): Promise<"created" | "exists"> {
  try {
    const { Metadata } = await where.client.send(new HeadObjectCommand(onObject(where, name)));
    return Metadata?.[PUT_BY] === token ? "created" : "exists";
  } catch (error) {
    // Trashed since; at the time of the put it did exist.
    if (statusOf(error) === 404) return "exists";
    throw toStoreFailed(where, `put ${name}, which exists already: asking who put it`, error);
  }
}
