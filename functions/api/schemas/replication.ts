/** Which bodies replication and import take (cbr-api #32, #33, #39, #41), and what they mean inside. */
import { z } from "zod";
import type { Destination } from "../../../core/app/replication/check-destination.ts";
import { badField } from "../../../core/domain/fault.ts";
import { descriptionField, nameField, resourceIdField, uuidField } from "../kit/fields.ts";

const id = z.string().min(1).max(64);
const destination = {
  destination_project_id: z.string().regex(/^[0-9a-zA-Z_-]{1,64}$/, "must be the id of a project"),
  destination_region: z.string().regex(/^[a-zA-Z0-9._-]{1,255}$/, "must be 1 to 255 letters, digits or `._-`"),
  destination_vault_id: uuidField,
  /** REP-17: who may not have it is refused. */
  enable_acceleration: z.literal(false, "must not be true: there is nothing here that would be faster").nullish(),
  cross_account_urn: z.literal("", "must not be given: replicas stay in the account").nullish(),
};

const destinationOf = (asked: {
  readonly destination_project_id: string;
  readonly destination_region: string;
  readonly destination_vault_id: string;
}): Destination => ({
  projectId: asked.destination_project_id,
  region: asked.destination_region,
  vaultId: asked.destination_vault_id,
});

const vaultReplica = z.object({ ...destination, vault_id: id, auto_trigger: z.boolean().nullish() });
/** POST checkpoints/replicate; one client wraps it once more, in `checkpoint` (cbr-api #32). */
export const replicateVaultBody = z
  .object({
    replicate: vaultReplica.nullish(),
    checkpoint: z.object({ replicate: vaultReplica }).nullish(),
  })
  .transform(({ replicate, checkpoint }) => {
    const asked = replicate ?? checkpoint?.replicate ?? badField("replicate", "is missing: must be an object");
    return { vaultId: asked.vault_id, destination: destinationOf(asked) };
  });

/** POST backups/{id}/replicate. */
export const replicateBackupBody = z
  .object({
    replicate: z.object({
      ...destination,
      name: nameField.or(z.literal("")).nullish(),
      description: descriptionField.nullish(),
    }),
  })
  .transform(({ replicate }) => destinationOf(replicate));

/** POST checkpoints/sync: the vault. */
export const syncVaultBody = z
  .object({ sync: z.object({ vault_id: id, auto_trigger: z.boolean() }) })
  .transform(({ sync }) => sync.vault_id);

/** POST backups/sync. */
export const syncBackupsBody = z.object({
  sync: z
    .array(
      z.object({
        backup_id: uuidField,
        backup_name: nameField,
        bucket_name: z.string().min(3).max(63),
        image_path: z.string().min(1).max(1024),
        resource_id: resourceIdField,
        resource_name: z.string().min(1).max(255),
        resource_type: z.literal("OS::Native::Server"),
        created_at: z.number().int().min(0),
      }),
    )
    .min(1)
    .max(256),
});
