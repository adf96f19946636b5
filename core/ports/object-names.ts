/** Which names may an object have? The rules of ObjectStore (object-store.ts), for every adapter. */

/** The port's limits: one segment and the whole name, in bytes (names are ASCII). */
const SEGMENT_BYTES = 200;
export const NAME_BYTES = 512;
const SEGMENT = /^[A-Za-z0-9._-]+$/;
/** First segments that belong to the adapters. */
const RESERVED = ["tmp", "trash"];

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

/** Whether something that a store holds is an object of ours; what has another name is a stranger's and never touched. */
export const isObjectName = (name: string): boolean => problemOf(name) === undefined;

/** Whether this can be one part of an object's name. */
export function isSegment(text: string): boolean {
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
