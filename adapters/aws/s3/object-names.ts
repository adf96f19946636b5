/** Which names may an object have, and which keys of a bucket are objects of ours? */

/** The port's limits: one segment and the whole name, in bytes (names are ASCII). */
const SEGMENT_BYTES = 200;
const NAME_BYTES = 512;
const SEGMENT = /^[A-Za-z0-9._-]+$/;
/** Reserved by the port for adapters; this one uses neither. */
const RESERVED = ["tmp", "trash"];
/** Bytes of an object key: docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const KEY_BYTES = 1024;

/** @throws TypeError naming the rule that the name breaks: a bug of the caller, never retried */
export function checkObjectName(name: string): void {
  const problem = problemOf(name);
  if (problem !== undefined) throw new TypeError(`bad object name ${JSON.stringify(name)}: ${problem}`);
}

/** @throws TypeError unless the prefix could start an object's name */
export function checkPrefix(prefix: string): void {
  const folders = prefix.split("/").slice(0, -1);
  if (prefix.length > NAME_BYTES || !/^[A-Za-z0-9._/-]*$/.test(prefix) || !folders.every(isSegment)) {
    throw new TypeError(`bad object prefix ${JSON.stringify(prefix)}`);
  }
}

/** Whether something in the bucket is an object of ours; a console's folder marker or a stranger's key is not. */
export function isObjectName(name: string): boolean {
  return problemOf(name) === undefined;
}

/** @throws TypeError unless it is empty or `segment/…/`, short enough that every name fits behind it */
export function checkKeyPrefix(prefix: string): void {
  if (prefix === "") return;
  const fits = prefix.endsWith("/") && prefix.slice(0, -1).split("/").every(isSegment);
  if (fits && prefix.length + NAME_BYTES <= KEY_BYTES) return;
  throw new TypeError(`bad key prefix ${JSON.stringify(prefix)}: it is made of segments that each end in /`);
}

function isSegment(text: string): boolean {
  return SEGMENT.test(text) && text !== "." && text !== ".." && text.length <= SEGMENT_BYTES;
}

function problemOf(name: string): string | undefined {
  if (name.length > NAME_BYTES) return `longer than ${NAME_BYTES} bytes`;
  const segments = name.split("/");
  const top = segments[0] ?? "";
  if (RESERVED.includes(top)) return `${top}/ is the store's own`;
  if (segments.some((segment) => segment.length > SEGMENT_BYTES))
    return `a segment is longer than ${SEGMENT_BYTES} bytes`;
  if (!segments.every(isSegment)) return "segments are made of A-Z a-z 0-9 . _ - and are not empty, . or ..";
  return undefined;
}
