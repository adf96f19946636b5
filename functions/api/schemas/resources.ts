/** Which bodies register a disk or a server on this host (an extension of ours). */
import { z } from "zod";
import { resourceIdField } from "../kit/fields.ts";

const name = z.string().min(1).max(255);

const disk = z.object({
  kind: z.literal("disk"),
  path: z.string().min(1).max(4096),
  name,
  system: z.boolean().nullish(),
  force_raw: z.boolean().nullish(),
});
const server = z.object({ kind: z.literal("server"), name, disk_ids: z.array(resourceIdField).min(1) });

/** POST holdfast/resources. */
export const addResourceBody = z
  .object({ resource: z.discriminatedUnion("kind", [disk, server], 'must be "disk" or "server"') })
  .transform((body) => body.resource);
