/** What may stand before the names of objects in a bucket's keys? */
import { isSegment, NAME_BYTES } from "../../../core/ports/object-names.ts";

/** Bytes of an object key: docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const KEY_BYTES = 1024;

/** @throws TypeError unless it is empty or `segment/…/`, short enough that every name fits behind it */
export function checkKeyPrefix(prefix: string): void {
  if (prefix === "") return;
  const fits = prefix.endsWith("/") && prefix.slice(0, -1).split("/").every(isSegment);
  if (fits && prefix.length + NAME_BYTES <= KEY_BYTES) return;
  throw new TypeError(`bad key prefix ${JSON.stringify(prefix)}: it is made of segments that each end in /`);
}
