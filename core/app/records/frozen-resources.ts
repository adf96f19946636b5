/** Which servers and disks an operator has frozen: rows of the whole deployment, because its projects share the resources. */
import { z } from "zod";
import type { Key, RecordStore } from "../../ports/record-store.ts";
import { listAll } from "./tables.ts";

export const FrozenResource = z.object({
  schema: z.literal(1),
  resourceId: z.string().min(1).max(64),
  /** Epoch milliseconds. */
  at: z.number().int(),
});
export type FrozenResource = z.infer<typeof FrozenResource>;

const PLACE = { pk: "FROZEN", prefix: "R#" };
export const frozenResourceKey = (resourceId: string): Key => ({ pk: PLACE.pk, sk: `${PLACE.prefix}${resourceId}` });

/** All of them, in id order. There are few, mostly none: each run over a vault reads them. */
export const frozenResources = (records: RecordStore): Promise<readonly FrozenResource[]> =>
  listAll(records, FrozenResource, PLACE.pk, PLACE.prefix);
