/** The contract of organisation policies (cbr-api 7.3). */
import { z } from "zod";
import { OPERATION_TYPES } from "../../../core/domain/organization-policy.ts";
import { createOrganizationPolicyBody, updateOrganizationPolicyBody } from "../schemas/organization-policies.ts";
import { id, page, uuid } from "./answers.ts";
import { paging } from "./parameters.ts";

const periods = z.int().min(0).optional();
/** Exactly the members that were sent (cbr-api 5.8, echo rule). */
const definition = z.strictObject({
  max_backups: z.int().min(-1).optional(),
  retention_duration_days: z.int().min(-1).optional(),
  day_backups: periods,
  week_backups: periods,
  month_backups: periods,
  year_backups: periods,
  timezone: z.string().optional(),
  full_backup_interval: z.int().min(-1).optional(),
  destination_region: z.string().optional(),
  destination_project_id: z.string().optional(),
  enable_acceleration: z.boolean().optional(),
});

const organizationPolicy = z
  .strictObject({
    id: uuid,
    name: z.string(),
    description: z.string(),
    operation_type: z.enum(OPERATION_TYPES),
    domain_id: id,
    domain_name: z.string(),
    effective_scope: z.string(),
    policy_name: z.string(),
    policy_enabled: z.boolean(),
    policy_operation_definition: definition,
    policy_trigger: z.strictObject({ properties: z.strictObject({ pattern: z.array(z.string()) }) }),
    status: z.literal("syncing").meta({ description: "kept, and rolled out to no project yet" }),
  })
  .meta({ id: "OrganizationPolicy" });
const shown = z.strictObject({ policy: organizationPolicy });

export const organizationPolicyOperations = {
  CreateOrganizationPolicy: {
    summary: "Keeps a policy for the account's projects; it is not rolled out yet",
    body: createOrganizationPolicyBody,
    answers: { 200: shown },
  },
  ListOrganizationPolicies: {
    summary: "Lists the account's organisation policies of one type, which must be given",
    query: { operation_type: z.enum(OPERATION_TYPES), ...paging },
    answers: { 200: z.strictObject({ policies: z.array(organizationPolicy), ...page }) },
  },
  ShowOrganizationPolicy: { summary: "Shows an organisation policy", answers: { 200: shown } },
  UpdateOrganizationPolicy: {
    summary: "Changes an organisation policy; what is left out stays as it is",
    body: updateOrganizationPolicyBody,
    answers: { 200: shown },
  },
  DeleteOrganizationPolicy: { summary: "Deletes an organisation policy", answers: { 204: null } },
  ListOrganizationPolicyDetail: {
    summary: "Lists the projects that an organisation policy has reached: none yet",
    query: paging,
    answers: { 200: z.strictObject({ policies: z.array(z.never()), ...page }) },
  },
} as const;
