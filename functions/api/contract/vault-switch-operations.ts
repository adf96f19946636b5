/** The contract of what is done with many resources or vaults at once, and of sums over them (cbr-api #11, #14, #15, #17, #18, #68). */
import { z } from "zod";
import { batchUpdateBody, migrateResourcesBody, setResourcesBody } from "../schemas/vault-switches.ts";
import { count, id, page, uuid } from "./answers.ts";
import { paging, text, texts } from "./parameters.ts";
import { summary, usage, vault } from "./vault-answers.ts";

export const vaultSwitchOperations = {
  MigrateVaultResource: {
    summary: "Moves resources with their backups to another vault",
    body: migrateResourcesBody,
    answers: { 200: z.strictObject({ migrated_resources: z.array(id) }) },
  },
  SetVaultResource: {
    summary: "Leaves resources out of automatic backups, or takes them in again",
    body: setResourcesBody,
    answers: { 200: z.strictObject({ set_resource_ids: z.array(id) }) },
  },
  BatchUpdateVault: {
    summary: "Changes notices and threshold of all vaults of the project",
    body: batchUpdateBody,
    answers: { 200: z.strictObject({ updated_vaults_id: z.array(uuid) }) },
  },
  ShowSummary: { summary: "Sums up the vaults of the project", answers: { 200: summary } },
  ListExternalVault: {
    summary: "Lists vaults of another project of the caller",
    query: {
      ...paging,
      external_project_id: text.meta({ description: "must be given" }),
      region_id: text.meta({ description: "must be given" }),
      vault_id: texts.meta({ description: "the filters below do not count then" }),
      objcet_type: text.meta({ description: "so spelt by clients" }),
      object_type: text,
      protect_type: z.enum(["backup", "replication", "hybrid"]),
      cloud_type: text,
    },
    answers: { 200: z.strictObject({ vaults: z.array(vault), ...page }) },
  },
  ShowStorageUsage: {
    summary: "Lists what the backups of each resource take",
    query: {
      ...paging,
      resource_id: text,
      resource_type: z.enum(["OS::Nova::Server", "OS::Ironic::BareMetalServer", "OS::Cinder::Volume"]),
    },
    answers: { 200: z.strictObject({ resource_count: count, storage_usage: z.array(usage) }) },
  },
} as const;
