/** The contract of the vault operations (cbr-api 7.1). */
import { z } from "zod";
import { addResourcesBody, createVaultBody, removeResourcesBody, updateVaultBody } from "../schemas/vaults.ts";
import { id, page } from "./answers.ts";
import { paging, text, texts } from "./parameters.ts";
import { createdVault, vault } from "./vault-answers.ts";

export const vaultOperations = {
  CreateVault: {
    summary: "Makes a vault, with resources bound to it if they are named",
    body: createVaultBody,
    answers: { 200: z.strictObject({ vault: createdVault }) },
  },
  ListVault: {
    summary: "Lists vaults, the newest first",
    query: {
      ...paging,
      id: texts,
      resource_ids: texts,
      name: text,
      object_type: text,
      protect_type: text,
      cloud_type: text,
      status: text,
      policy_id: text,
      enterprise_project_id: text,
    },
    answers: { 200: z.strictObject({ vaults: z.array(vault), ...page }) },
  },
  ShowVault: { summary: "Shows a vault", answers: { 200: z.strictObject({ vault }) } },
  UpdateVault: {
    summary: "Changes a vault; what is left out stays as it is",
    body: updateVaultBody,
    answers: { 200: z.strictObject({ vault }) },
  },
  DeleteVault: { summary: "Deletes a vault with all its backups", answers: { 204: null } },
  AddVaultResource: {
    summary: "Binds resources to a vault, or changes which of their disks are taken",
    body: addResourcesBody,
    answers: { 200: z.strictObject({ add_resource_ids: z.array(id) }) },
  },
  RemoveVaultResource: {
    summary: "Takes resources out of a vault and deletes their backups",
    body: removeResourcesBody,
    answers: { 200: z.strictObject({ remove_resource_ids: z.array(id) }) },
  },
} as const;
