/** Objects in S3. */
import { createS3Client } from "../../../adapters/aws/clients/s3.ts";
import { createS3Objects } from "../../../adapters/aws/s3-objects.ts";
import type { ObjectStore } from "../../../core/ports/object-store.ts";
import type { Host } from "../services.ts";

export function objects(host: Host): { readonly objects: ObjectStore } {
  const client = createS3Client(host.onCall);
  return { objects: createS3Objects({ client, bucket: host.variable("HOLDFAST_BUCKET") }) };
}
