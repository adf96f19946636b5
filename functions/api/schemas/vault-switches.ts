/** Which bodies the operations on many resources or vaults at once take (cbr-api #11, #14, #15). */
import { z } from "zod";
import { resourceIdField, uuidField } from "../kit/fields.ts";

const ids = z.array(resourceIdField).min(1).max(256);

/** PUT set-resources; the words mean what they say (D-12). */
export const setResourcesBody = z
  .object({ resource_ids: ids, action: z.enum(["suspend", "unsuspend"]) })
  .transform(({ resource_ids, action }) => ({ ids: resource_ids, suspended: action === "suspend" }));

/** PUT vaults/batch-update. */
export const batchUpdateBody = z
  .object({
    vault: z
      .object({ smn_notify: z.boolean().nullish(), threshold: z.number().int().min(1).max(100).nullish() })
      .refine((v) => v.smn_notify != null || v.threshold != null, "must have smn_notify, threshold or both"),
  })
  .transform(({ vault: v }) => ({ smnNotify: v.smn_notify ?? undefined, threshold: v.threshold ?? undefined }));

/** POST migrateresources. */
export const migrateResourcesBody = z
  .object({ destination_vault_id: uuidField, resource_ids: ids })
  .transform((body) => ({ destination: body.destination_vault_id, ids: body.resource_ids }));
