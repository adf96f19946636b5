/** Which bodies the sharing operations take (cbr-api 7.5). */
import { z } from "zod";
import { badField } from "../../../core/domain/fault.ts";
import { resourceIdField } from "../kit/fields.ts";

/** POST members. How many there may be, and what an id looks like, have codes of their own. */
export const addMembersBody = z.object({ members: z.array(z.string()).min(1) }).transform(({ members }) => members);

/** PUT members/{id}: `vault_id` is needed to accept (SHR-08). */
export const updateMemberBody = z
  .object({
    status: z.enum(["pending", "accepted", "rejected"]),
    vault_id: resourceIdField.or(z.literal("")).nullish(),
  })
  .transform(({ status, vault_id }) => ({
    vaultId:
      status === "accepted" ? vault_id || badField("vault_id", "is missing: accepting needs a vault") : undefined,
  }));
