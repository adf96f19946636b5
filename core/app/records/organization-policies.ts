/** How organisation policies are stored: rows of their account, with one row that every creation passes. */
import { z } from "zod";
import { OPERATION_TYPES } from "../../domain/organization-policy.ts";
import type { Key } from "../../ports/record-store.ts";

const whole = z.number().int();

/** As it was sent (cbr-api 5.8): the wire's names, absent what was absent. */
const Definition = z.object({
  max_backups: whole.optional(),
  retention_duration_days: whole.optional(),
  day_backups: whole.optional(),
  week_backups: whole.optional(),
  month_backups: whole.optional(),
  year_backups: whole.optional(),
  timezone: z.string().optional(),
  full_backup_interval: whole.optional(),
  destination_region: z.string().optional(),
  destination_project_id: z.string().optional(),
  enable_acceleration: z.boolean().optional(),
});

export const OrganizationPolicy = z.object({
  schema: z.literal(1),
  id: z.string(),
  domainId: z.string(),
  domainName: z.string(),
  name: z.string(),
  description: z.string(),
  operationType: z.enum(OPERATION_TYPES),
  effectiveScope: z.string(),
  policyName: z.string(),
  policyEnabled: z.boolean(),
  definition: Definition,
  patterns: z.array(z.string()),
  createdAt: whole,
  updatedAt: whole,
});
export type OrganizationPolicy = z.infer<typeof OrganizationPolicy>;

export const organizationPolicyKey = (domainId: string, id: string): Key => ({
  pk: `D#${domainId}`,
  sk: `OP#${id}`,
});
export const ORGANIZATION_POLICIES = "OP#";

/** Every creation writes it under the version it read, so that no two of them count the same rows. */
export const PolicyGate = z.object({ schema: z.literal(1), lastCreated: z.string() });
export const policyGateKey = (domainId: string): Key => ({ pk: `D#${domainId}`, sk: "OG" });
