/** GET policies and policies/{id}: policies with the vaults that they are applied to. */
import { fault } from "../../domain/fault.ts";
import { POLICY_TYPES, type PolicyType } from "../../domain/policy.ts";
import { inBatches } from "../in-batches.ts";
import { fromRows, listPage, type PageAsk, type Paged } from "../lists/walk.ts";
import type { Vault } from "../records/entities.ts";
import { vaultKey } from "../records/keys.ts";
import { linksOf, listPolicyRows, loadPolicy, type Policy, type PolicyLink } from "../records/policies.ts";
import type { Versioned } from "../records/record.ts";
import { load, vaults } from "../records/tables.ts";
import type { RecordServices } from "../services.ts";

export interface ShownPolicy {
  readonly policy: Policy;
  readonly links: readonly PolicyLink[];
}

export interface PolicyFilter {
  readonly operationType?: PolicyType | undefined;
  /** Applied to this vault. */
  readonly vaultId?: string | undefined;
  /** Any part of the name (S-5). */
  readonly name?: string | undefined;
}

/** A project has 64 at most, each with a query of its own for its vaults. */
const POLICIES_AT_ONCE = 16;

/** The policy, whatever its type. @throws Fault 6000 */
export async function findPolicy(s: RecordServices, projectId: string, policyId: string): Promise<Versioned<Policy>> {
  const found = await Promise.all(POLICY_TYPES.map((type) => loadPolicy(s.records, projectId, type, policyId)));
  return found.find((policy) => policy !== undefined) ?? fault("6000", `policy ${policyId} does not exist`);
}

/** The policy, if it is the one that backs this vault up. @throws Fault 6000 (no such policy), 6002 (another, or none) */
export async function backupPolicyOf(
  s: RecordServices,
  { projectId, policies }: Pick<Vault, "projectId" | "policies">,
  policyId: string,
): Promise<Policy> {
  const policy = await findPolicy(s, projectId, policyId);
  if (policies?.backup !== policy.id) fault("6002", `policy ${policyId} is no backup policy of this vault`);
  return policy;
}

/** @throws Fault 6000 when the project has no such policy */
export const showPolicy = async (s: RecordServices, projectId: string, policyId: string): Promise<ShownPolicy> =>
  withLinks(s, await findPolicy(s, projectId, policyId));

export const withLinks = async (s: RecordServices, policy: Policy): Promise<ShownPolicy> => ({
  policy,
  links: await linksOf(s.records, policy.id),
});

/** Newest first. @throws Fault 9900 (unknown marker) */
export async function listPolicies(
  s: RecordServices,
  projectId: string,
  filter: PolicyFilter,
  ask: PageAsk,
): Promise<Paged<ShownPolicy>> {
  const all = await listPolicyRows(s.records, projectId, filter.operationType);
  const applied = filter.vaultId === undefined ? undefined : await appliedTo(s, projectId, filter.vaultId);
  const page = await listPage<Policy>(
    {
      source: fromRows(all),
      find: async (id) => all.find((policy) => policy.id === id),
      keep: ({ id, name }) =>
        (applied?.includes(id) ?? true) && (filter.name === undefined || name.includes(filter.name)),
    },
    ask,
  );
  return { rows: await inBatches(page.rows, POLICIES_AT_ONCE, (policy) => withLinks(s, policy)), count: page.count };
}

/** A vault that does not exist has no policies: clients ask while it goes. */
async function appliedTo(s: RecordServices, projectId: string, vaultId: string): Promise<readonly string[]> {
  const vault = await load(s.records, vaults, vaultKey(vaultId));
  if (vault?.projectId !== projectId) return [];
  return Object.values(vault.policies ?? {}).filter((id) => id !== undefined);
}
