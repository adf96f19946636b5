/** What is stored of policies: the policy, where it is applied, and the gate that counts them. */
import { z } from "zod";
import { POLICY_TYPES, type PolicyType } from "../../domain/policy.ts";
import { type Placement, type Versioned, parseItem } from "./record.ts";
import type { Key, RecordStore } from "../../ports/record-store.ts";

const id = z.string().min(1).max(64);
const instant = z.number().int();

/** The members of `operation_definition` that the client sent, as it sent them; see core/domain/policy.ts. */
const OperationDefinition = z.object({
  maxBackups: z.number().int().optional(),
  retentionDurationDays: z.number().int().optional(),
  dayBackups: z.number().int().optional(),
  weekBackups: z.number().int().optional(),
  monthBackups: z.number().int().optional(),
  yearBackups: z.number().int().optional(),
  timezone: z.string().optional(),
  fullBackupInterval: z.number().int().optional(),
  destinationRegion: z.string().optional(),
  destinationProjectId: z.string().optional(),
  enableAcceleration: z.boolean().optional(),
});

export const Policy = z.object({
  schema: z.literal(1),
  id,
  projectId: id,
  operationType: z.enum(POLICY_TYPES),
  name: z.string(),
  enabled: z.boolean(),
  operationDefinition: OperationDefinition,
  trigger: z.object({
    id,
    /** As they were sent, in their order. */
    patterns: z.array(z.string()),
    /** From whose day every-N-days patterns count (SCH-06): the creation, whatever changes later. */
    startTime: instant,
    /** Points up to here belong to what the policy said before: its creation, or its last change of patterns or `enabled`. */
    since: instant,
  }),
  createdAt: instant,
  updatedAt: instant,
});
export type Policy = z.infer<typeof Policy>;

const POLICIES = "POL#";

/** ≤ 32 of each type in a project: one query lists them. */
export const policyKey = (projectId: string, type: PolicyType, policyId: string): Key => ({
  pk: `P#${projectId}`,
  sk: `${POLICIES}${type}#${policyId}`,
});

/** Where a policy stands in the table. */
export const policies = {
  schema: Policy,
  place: (policy: Policy): Placement => ({ key: policyKey(policy.projectId, policy.operationType, policy.id) }),
};

/** A policy of this type in this project, consistently; undefined when there is none. */
export async function loadPolicy(
  records: RecordStore,
  projectId: string,
  type: PolicyType,
  policyId: string,
): Promise<Versioned<Policy> | undefined> {
  const item = await records.get(policyKey(projectId, type, policyId), { consistent: true });
  return item && parseItem(Policy, item);
}
