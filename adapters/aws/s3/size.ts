/** How large is an object, and is it surely not there when S3 says so? */
import { HeadBucketCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { type Bucket, inBucket, onObject, statusOf, toStoreFailed } from "./bucket.ts";

/**
 * By HEAD. Only 404 is absence, and only when the bucket itself is there: HEAD has no body, so a missing bucket answers
 * like a missing object. 403 is an error: S3 says it for absent objects too when the caller may not list
 * (docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html, "Permissions").
 */
export async function sizeOf(where: Bucket, name: string): Promise<number | undefined> {
  try {
    const { ContentLength } = await where.client.send(new HeadObjectCommand(onObject(where, name)));
    if (ContentLength === undefined) throw new Error("the answer does not say how long the object is");
    return ContentLength;
  } catch (error) {
    if (statusOf(error) !== 404) throw toStoreFailed(where, `asking for the size of ${name}`, error);
  }
  try {
    await where.client.send(new HeadBucketCommand(inBucket(where)));
    return undefined;
  } catch (error) {
    throw toStoreFailed(where, `asking for the size of ${name}, which was not found, and for the bucket`, error);
  }
}
