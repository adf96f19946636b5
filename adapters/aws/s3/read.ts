/** How are an object's bytes, or exactly some of them, read from S3? */
import type { Readable } from "node:stream";
import { GetObjectCommand, type GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { ObjectMissing, RangeUnavailable, StoreFailed } from "../../../core/ports/object-store.ts";
import { type Bucket, codeOf, onObject, statusOf, toStoreFailed } from "./bucket.ts";
import { sizeOf } from "./size.ts";

export interface Range {
  readonly offset: number;
  readonly length: number;
}

/** Attempts at a body; the SDK retries only until the answer's head is there. */
const ATTEMPTS = 4;
const FIRST_WAIT_MS = 50;

/**
 * Bytes go from the socket into one buffer of their length. S3's CRC-32 of a whole object is verified by the SDK
 * (`ChecksumMode`); a range has none, and is checked by its length and by the seals of what is in it.
 * @throws ObjectMissing, RangeUnavailable; StoreFailed also when every body broke off or had a wrong sum
 */
export async function readObject(
  where: Bucket,
  name: string,
  range: Range | undefined,
  wait: (ms: number) => Promise<void>,
): Promise<Uint8Array> {
  // HTTP has no empty range.
  if (range?.length === 0) return readNothing(where, name, range);
  for (let attempt = 1; ; attempt++) {
    const answer = await ask(where, name, range);
    try {
      return await bodyOf(name, answer, range);
    } catch (error) {
      if (error instanceof RangeUnavailable) throw error;
      if (attempt === ATTEMPTS) throw toStoreFailed(where, `reading ${name} (${attempt} times)`, error);
      await wait(FIRST_WAIT_MS * 2 ** (attempt - 1));
    }
  }
}

async function readNothing(where: Bucket, name: string, range: Range): Promise<Uint8Array> {
  const size = await sizeOf(where, name);
  if (size === undefined) throw new ObjectMissing(`there is no object ${name} in bucket ${where.bucket}`);
  if (range.offset > size) throw tooShort(name, range, size);
  return new Uint8Array(0);
}

async function ask(where: Bucket, name: string, range: Range | undefined): Promise<GetObjectCommandOutput> {
  const part =
    range === undefined
      ? ({ ChecksumMode: "ENABLED" } as const)
      : { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` };
  try {
    return await where.client.send(new GetObjectCommand({ ...onObject(where, name), ...part }));
  } catch (error) {
    if (codeOf(error) === "NoSuchKey") throw new ObjectMissing(`there is no object ${name} in bucket ${where.bucket}`);
    // 416: the object ends at or before the range's first byte.
    if (statusOf(error) === 416 && range !== undefined) throw tooShort(name, range, undefined, error);
    throw toStoreFailed(where, `reading ${name}`, error);
  }
}

/** S3 shortens a range that passes the end, silently: how long the object is stands in Content-Range. */
async function bodyOf(name: string, answer: GetObjectCommandOutput, range: Range | undefined): Promise<Uint8Array> {
  const body = answer.Body as Readable | undefined;
  if (body === undefined) throw new StoreFailed("the answer has no body");
  try {
    if (range === undefined) return await collect(body, answer.ContentLength);
    const [, first, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.ContentRange ?? "") ?? [];
    if (Number(first) !== range.offset)
      throw new StoreFailed(`asked for bytes from ${range.offset}, answered with ${answer.ContentRange ?? "no range"}`);
    if (range.offset + range.length > Number(total)) throw tooShort(name, range, Number(total));
    return await collect(body, range.length);
  } finally {
    body.destroy();
  }
}

async function collect(body: Readable, length: number | undefined): Promise<Uint8Array> {
  if (length === undefined) throw new StoreFailed("the answer does not say how long it is");
  const bytes = new Uint8Array(length);
  let filled = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    if (filled + chunk.byteLength > length)
      throw new StoreFailed(`the body has more than the ${length} bytes asked for`);
    bytes.set(chunk, filled);
    filled += chunk.byteLength;
  }
  if (filled < length) throw new StoreFailed(`the body ended after ${filled} of ${length} bytes`);
  return bytes;
}

function tooShort(name: string, { offset, length }: Range, size: number | undefined, cause?: unknown) {
  const has = size === undefined ? "ends before that" : `has ${size} bytes`;
  return new RangeUnavailable(`${name} ${has}, not ${length} from ${offset}`, { cause });
}
