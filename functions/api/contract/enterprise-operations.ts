/** The contract of the facade of the enterprise project service: what Terraform moves vaults with (cbr-api 4.3). */
import { z } from "zod";
import { filterBody, moveBody } from "../schemas/enterprise-projects.ts";
import { count, uuid } from "./answers.ts";

const held = z
  .strictObject({
    enterprise_project_id: z.string(),
    project_id: z.string(),
    resource_type: z.literal("vault"),
    resource_id: uuid,
    resource_name: z.string(),
  })
  .meta({ id: "EnterpriseResource" });

export const enterpriseOperations = {
  MigrateEnterpriseResource: {
    summary: "Moves a vault to this enterprise project",
    body: moveBody,
    answers: { 204: null },
  },
  FilterEnterpriseResources: {
    summary: "Lists the vaults of this enterprise project",
    body: filterBody,
    answers: { 200: z.strictObject({ resources: z.array(held), errors: z.array(z.never()), total_count: count }) },
  },
} as const;
