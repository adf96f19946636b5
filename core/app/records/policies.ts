/** What is stored of policies: the policy, where it is applied, and the gate that counts them. */
import { z } from "zod";
import { POLICY_TYPES, type PolicyType } from "../../domain/policy.ts";
import type { Key, RecordStore } from "../../ports/record-store.ts";
import { type Placement, parseItem, type Versioned } from "./record.ts";
import { listAll } from "./tables.ts";

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
    /** What it said before `since`: points that had passed without a run by then are accounted for by these patterns. */
    before: z.array(z.string()).optional(),
  }),
  /** Its vaults are being released; nobody else sees it any more. */
  deleted: z.literal(true).optional(),
  createdAt: instant,
  updatedAt: instant,
});
export type Policy = z.infer<typeof Policy>;

const POLICIES = "POL#";

/** ≤ 32 of each type in a project: one query lists them. */
const policyKey = (projectId: string, type: PolicyType, policyId: string): Key => ({
  pk: `P#${projectId}`,
  sk: `${POLICIES}${type}#${policyId}`,
});

/** Where a policy stands in the table. */
export const policies = {
  schema: Policy,
  place: (policy: Policy): Placement => ({ key: policyKey(policy.projectId, policy.operationType, policy.id) }),
};

/** Where a policy is applied. Whoever changes what the policy does in the vault writes it under the version read. */
export const PolicyLink = z.object({
  schema: z.literal(1),
  policyId: id,
  projectId: id,
  operationType: z.enum(POLICY_TYPES),
  vaultId: id,
  /** Of a replication policy. */
  destinationVaultId: id.optional(),
  boundAt: instant,
  /** The policy's `trigger.since` by which `next` was chosen. */
  since: instant,
  /** Every point up to here is accounted for. */
  accounted: instant,
  /** The point that is promised; absent while the policy is disabled. Its due work and its run stand in the table. */
  next: instant.optional(),
});
export type PolicyLink = z.infer<typeof PolicyLink>;

export const linkKey = (policyId: string, vaultId: string): Key => ({ pk: `POL#${policyId}`, sk: `V#${vaultId}` });

/** Where the link of a policy and a vault stands. */
export const policyLinks = {
  schema: PolicyLink,
  place: (link: PolicyLink): Placement => ({ key: linkKey(link.policyId, link.vaultId) }),
};

/** The link of this policy and vault, consistently. */
export async function loadLink(
  records: RecordStore,
  policyId: string,
  vaultId: string,
): Promise<Versioned<PolicyLink> | undefined> {
  const item = await records.get(linkKey(policyId, vaultId), { consistent: true });
  return item && parseItem(PolicyLink, item);
}

/** Everywhere the policy is applied, in order of vault ids. */
export const linksOf = (records: RecordStore, policyId: string): Promise<Versioned<PolicyLink>[]> =>
  listAll(records, PolicyLink, linkKey(policyId, "").pk, "V#");

/** Written with every new policy of its type, so that of two creations one counts the other. */
export const PolicyGate = z.object({ schema: z.literal(1) });
export type PolicyGate = z.infer<typeof PolicyGate>;
export const policyGateKey = (projectId: string, type: PolicyType): Key => ({
  pk: `P#${projectId}`,
  sk: `GATE#${POLICIES}${type}`,
});

/** The project's policies, consistently, those excepted whose vaults are being released. */
export async function listPolicyRows(
  records: RecordStore,
  projectId: string,
  type: PolicyType | undefined,
): Promise<Versioned<Policy>[]> {
  const prefix = type === undefined ? POLICIES : `${POLICIES}${type}#`;
  const all = await listAll(records, Policy, `P#${projectId}`, prefix);
  return all.filter(({ deleted }) => deleted !== true);
}

/** A policy of this type in this project, consistently; undefined when there is none. */
export async function loadPolicy(
  records: RecordStore,
  projectId: string,
  type: PolicyType,
  policyId: string,
): Promise<Versioned<Policy> | undefined> {
  const policy = await loadPolicyRow(records, { projectId, operationType: type, policyId });
  return policy?.deleted === true ? undefined : policy;
}

/** The same, one included whose vaults are being released. */
export async function loadPolicyRow(
  records: RecordStore,
  of: Pick<PolicyLink, "projectId" | "operationType" | "policyId">,
): Promise<Versioned<Policy> | undefined> {
  const item = await records.get(policyKey(of.projectId, of.operationType, of.policyId), { consistent: true });
  return item && parseItem(Policy, item);
}
