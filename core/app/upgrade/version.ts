/** Which version do the records have? */
import { z } from "zod";
import type { Instant } from "../../domain/values.ts";
import type { Key, Write } from "../../ports/record-store.ts";
import { insertAt } from "../records/tables.ts";

/**
 * What stands in the records, beyond the form of single items: each item is read by its own schema, and a member that came later
 * is optional there. Raised when rows must be added or changed, or when an earlier Holdfast would misread what this one writes.
 */
export const RECORDS_VERSION = 2;

/** Kept beside everything else, so that a table and a file have it alike. Records without it are of version 1. */
export const versionKey: Key = { pk: "VERSION", sk: "A" };

export const RecordsVersion = z.object({
  schema: z.literal(1),
  version: z.number().int().min(1),
  /** What they are being brought up from: while it stands, not all steps may have been taken. */
  begun: z
    .object({
      from: z.number().int().min(1),
      /** Epoch milliseconds: what steps write is named by it, so that a second attempt writes the same. */
      at: z.number().int(),
    })
    .optional(),
});
export type RecordsVersion = z.infer<typeof RecordsVersion>;

/** Goes with the first account: new records are of this version. */
export const newRecords = (): Write =>
  insertAt({ key: versionKey }, { schema: 1, version: RECORDS_VERSION } satisfies RecordsVersion);

/** Those that are being brought up. An earlier Holdfast refuses them from here on: it knows nothing of what the steps write. */
export const beingBroughtUp = (from: number, at: Instant): RecordsVersion => ({
  schema: 1,
  version: RECORDS_VERSION,
  begun: { from, at },
});
