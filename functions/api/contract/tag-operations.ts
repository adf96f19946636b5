/** The contract of tags of vaults (cbr-api 7.8). */
import { z } from "zod";
import { createTagBody, searchBody, tagsActionBody } from "../schemas/tags.ts";
import { count, tag, uuid } from "./answers.ts";
import { vault } from "./vault-answers.ts";

const found = z
  .strictObject({
    resource_id: uuid,
    resource_name: z.string(),
    resource_detail: z.strictObject({ vault }),
    tags: z.array(tag),
    sys_tags: z.array(z.never()),
  })
  .meta({ id: "FoundVault" });

export const tagOperations = {
  CreateVaultTags: { summary: "Sets a tag of a vault", body: createTagBody, answers: { 204: null } },
  ShowVaultTag: { summary: "Lists the tags of a vault", answers: { 200: z.strictObject({ tags: z.array(tag) }) } },
  DeleteVaultTag: { summary: "Takes a tag off a vault", answers: { 204: null } },
  BatchCreateAndDeleteVaultTags: {
    summary: "Sets tags of a vault, or takes them off",
    body: tagsActionBody,
    answers: { 204: null },
  },
  ShowVaultProjectTag: {
    summary: "Lists the tags of all vaults of the project",
    answers: {
      200: z.strictObject({ tags: z.array(z.strictObject({ key: z.string(), values: z.array(z.string()) })) }),
    },
  },
  ShowVaultResourceInstances: {
    summary: "Finds or counts vaults by their tags",
    body: searchBody,
    answers: {
      200: z.strictObject({
        resources: z.array(found).optional().meta({ description: "absent when they are only counted" }),
        total_count: count,
      }),
    },
  },
} as const;
