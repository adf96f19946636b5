/** How are all objects listed, in order, with no page left out? */
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { isObjectName } from "../../../core/ports/object-names.ts";
import { StoreFailed } from "../../../core/ports/object-store.ts";
import { type Bucket, inBucket, toStoreFailed } from "./bucket.ts";

/**
 * Pages of 1,000 keys; S3 gives them in UTF-8 byte order, which is name order (names are ASCII). A page that breaks the
 * order (directory buckets have none) or that is not the last but names no next one is an error: whoever collects garbage
 * must never take a part for the whole.
 */
export async function* listObjects(where: Bucket, prefix: string) {
  const call = `listing ${JSON.stringify(prefix)}`;
  const start = where.prefix.length;
  let last = "";
  let token: string | undefined;
  do {
    const page = await pageAfter(where, prefix, token, call);
    for (const { Key, Size, LastModified } of page.Contents ?? []) {
      const name = Key?.slice(start);
      if (name === undefined || Size === undefined || !Key?.startsWith(where.prefix + prefix))
        throw new StoreFailed(`${call} in bucket ${where.bucket}: an entry without name or size, or of another prefix`);
      if (!isObjectName(name)) continue;
      if (name <= last) throw new StoreFailed(`${call} in bucket ${where.bucket}: ${name} came after ${last}`);
      last = name;
      yield { name, size: Size, ...(LastModified === undefined ? {} : { modifiedAt: LastModified.getTime() }) };
    }
    token = page.NextContinuationToken;
    if (page.IsTruncated === true && token === undefined)
      throw new StoreFailed(`${call} in bucket ${where.bucket}: there is more, but S3 did not say where`);
    if (page.IsTruncated !== true) return;
  } while (token !== undefined);
}

async function pageAfter(where: Bucket, prefix: string, token: string | undefined, call: string) {
  try {
    return await where.client.send(
      new ListObjectsV2Command({
        ...inBucket(where),
        Prefix: where.prefix + prefix,
        ContinuationToken: token,
      }),
    );
  } catch (error) {
    throw toStoreFailed(where, call, error);
  }
}
