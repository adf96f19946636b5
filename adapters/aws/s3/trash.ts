/** How is an object moved out of sight, so that it can be brought back? */
import { DeleteObjectCommand, GetBucketVersioningCommand } from "@aws-sdk/client-s3";
import { StoreFailed } from "../../../core/ports/object-store.ts";
import { type Bucket, inBucket, onObject, toStoreFailed } from "./bucket.ts";

/**
 * A plain DELETE: on a versioned bucket it puts a delete marker before the version, and the bucket's lifecycle removes
 * versions 14 days after that (docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html). On a bucket without
 * versioning it would destroy the object, so nothing is deleted before S3 has said once that versioning is enabled.
 */
export function createTrash(where: Bucket): (name: string) => Promise<void> {
  let versioned = false;

  async function mustBeVersioned(): Promise<void> {
    if (versioned) return;
    const { Status } = await where.client.send(new GetBucketVersioningCommand(inBucket(where)));
    if (Status !== "Enabled")
      throw new StoreFailed(
        `nothing is deleted in bucket ${where.bucket}: its versioning is ${Status ?? "off"}, and deleting would destroy`,
      );
    versioned = true;
  }
  return async (name) => {
    try {
      await mustBeVersioned();
      const { DeleteMarker } = await where.client.send(new DeleteObjectCommand(onObject(where, name)));
      if (DeleteMarker === true) return;
      versioned = false;
      throw new StoreFailed(`bucket ${where.bucket} deleted ${name} without a delete marker: is its versioning on?`);
    } catch (error) {
      throw error instanceof StoreFailed ? error : toStoreFailed(where, `trashing ${name}`, error);
    }
  };
}
