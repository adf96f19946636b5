/** Which other vaults of the project take resources by themselves, and when does the policy of each fire next (ABD-06)? */
import type { AssociatingVault } from "../../domain/association.ts";
import type { ObjectType } from "../../domain/resource-types.ts";
import { type Instant, wholeGb } from "../../domain/values.ts";
import { inBatches } from "../in-batches.ts";
import type { Vault } from "../records/entities.ts";
import { vaultKey } from "../records/keys.ts";
import { linkKey, listPolicyRows, PolicyLink } from "../records/policies.ts";
import { parseItem } from "../records/record.ts";
import { vaults } from "../records/tables.ts";
import type { RecordServices } from "../services.ts";
import { findVault, type VaultWithBindings } from "./show-vault.ts";

/** All vaults of a policy have one next point, at which any may take a resource: it does not matter which of them are weighed. */
const LINKS_A_POLICY = 100;
/** Whoever comes behind so many others takes nothing that none of them has room for; it is told of as left over, a day early. */
const MOST_RIVALS = 32;
const POLICIES_AT_ONCE = 8;
/** Keys of one getMany. */
const BATCH = 100;

/** The vault as the rule sees it. `next`: when its policy fires next, or now for the one that is firing. */
export const associatingVault = (
  { vault, bindings }: VaultWithBindings,
  next: Instant | undefined,
): AssociatingVault => ({
  id: vault.id,
  objectType: vault.billing.objectType as ObjectType,
  size: vault.billing.size,
  allocated: bindings.reduce((sum, { size }) => sum + wholeGb(size), 0),
  bound: bindings.length,
  rules: vault.bindRules,
  next,
});

/** Vaults of the same kind that follow an enabled policy (ABD-02), the one that fires first first; 32 at most. */
export async function rivalsOf(s: RecordServices, vault: Vault): Promise<readonly AssociatingVault[]> {
  const policies = (await listPolicyRows(s.records, vault.projectId, "backup")).filter(({ enabled }) => enabled);
  const links = (await inBatches(policies, POLICIES_AT_ONCE, ({ id }) => someLinks(s, id))).flat();
  const due = links
    .flatMap(({ vaultId, next }) => (next === undefined || vaultId === vault.id ? [] : [{ vaultId, next }]))
    .sort((a, b) => a.next - b.next || (a.vaultId < b.vaultId ? -1 : 1));
  const rivals: AssociatingVault[] = [];
  for (let at = 0; at < due.length && rivals.length < MOST_RIVALS; at += BATCH) {
    const batch = due.slice(at, at + BATCH);
    const items = await s.records.getMany(
      batch.map(({ vaultId }) => vaultKey(vaultId)),
      { consistent: true },
    );
    for (const [i, { vaultId, next }] of batch.entries()) {
      const item = items[i];
      if (rivals.length === MOST_RIVALS || item === undefined) continue;
      if (!competes(parseItem(vaults.schema, item), vault)) continue;
      const found = await findVault(s, vault.projectId, vaultId);
      if (found !== undefined) rivals.push(associatingVault(found, next));
    }
  }
  return rivals;
}

const competes = (other: Vault, { billing }: Vault): boolean =>
  other.autoBind && other.status === "available" && other.billing.objectType === billing.objectType;

async function someLinks(s: RecordServices, policyId: string): Promise<readonly PolicyLink[]> {
  const { pk } = linkKey(policyId, "");
  const { items } = await s.records.query({ pk, sk: { prefix: "V#" }, limit: LINKS_A_POLICY, consistent: true });
  return items.map((item) => parseItem(PolicyLink, item));
}
