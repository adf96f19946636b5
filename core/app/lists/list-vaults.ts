/** GET vaults: which vaults of the project match, newest first. */

import { inBatches } from "../in-batches.ts";
import type { Vault } from "../records/entities.ts";
import { byProject, vaultKey } from "../records/keys.ts";
import { linksOf } from "../records/policies.ts";
import { parseItem } from "../records/record.ts";
import { load, vaults } from "../records/tables.ts";
import type { Services } from "../services.ts";
import { loadClaims } from "../vaults/sagas.ts";
import { findVault, type VaultWithBindings } from "../vaults/show-vault.ts";
import { fromRows, listPage, type PageAsk, type Paged, type Row, walkBack } from "./walk.ts";

/** Vaults that are read together: each is a query of its own. */
export const VAULTS_AT_ONCE = 16;

export interface VaultFilter {
  readonly ids: readonly string[];
  /** Vaults that hold any of them. */
  readonly resourceIds: readonly string[];
  /** Any part of the name (S-5). */
  readonly name?: string | undefined;
  readonly objectType?: string | undefined;
  readonly protectType?: string | undefined;
  readonly cloudType?: string | undefined;
  readonly status?: string | undefined;
  /** Vaults that it is applied to. */
  readonly policyId?: string | undefined;
  readonly enterpriseProjectId?: string | undefined;
}

/** @throws Fault 9900 (more than 10,000 rows to search, unknown marker) */
export async function listVaults(
  s: Services,
  projectId: string,
  filter: VaultFilter,
  ask: PageAsk,
): Promise<Paged<VaultWithBindings>> {
  const named = await namedVaults(s, projectId, filter);
  const page = await listPage<Vault>(
    {
      source: named === undefined ? (after) => newestVaults(s, projectId, after) : fromRows(named),
      find: (id) => loadOwn(s, projectId, id),
      keep: (vault) => vault.projectId === projectId && matches(vault, filter),
    },
    ask,
  );
  // An index may still name a vault that is gone.
  const found = await inBatches(page.rows, VAULTS_AT_ONCE, ({ id }) => findVault(s, projectId, id));
  const rows = found.filter((row) => row !== undefined);
  return { rows, count: page.count };
}

/** Every vault of the project as the index knows it, the newest first; from after the row `after` on. */
export async function* newestVaults(s: Services, projectId: string, after: Row | undefined): AsyncGenerator<Vault> {
  const { pk } = byProject(projectId, "V", 0, "");
  const range = after && { to: byProject(projectId, "V", after.createdAt, after.id).sk };
  for await (const item of walkBack(s.records, { index: "g1", pk, ...(range !== undefined && { range }) })) {
    const vault = parseItem(vaults.schema, item);
    if (vault.id !== after?.id) yield vault;
  }
}

const loadOwn = async (s: Services, projectId: string, id: string): Promise<Vault | undefined> => {
  const vault = await load(s.records, vaults, vaultKey(id));
  return vault?.projectId === projectId ? vault : undefined;
};

/** The vaults that ids, resources or a policy name, read consistently; undefined when none is asked. */
async function namedVaults(s: Services, projectId: string, filter: VaultFilter): Promise<Vault[] | undefined> {
  const { ids: given, resourceIds, policyId } = filter;
  const all: Set<string>[] = [];
  if (given.length > 0) all.push(new Set(given));
  if (resourceIds.length > 0) all.push(await holdersOf(s, projectId, resourceIds));
  if (policyId !== undefined) all.push(new Set((await linksOf(s.records, policyId)).map(({ vaultId }) => vaultId)));
  const [first, ...others] = all;
  if (first === undefined) return undefined;
  const ids = [...first].filter((id) => others.every((other) => other.has(id)));
  const found = await inBatches(ids, VAULTS_AT_ONCE, (id) => loadOwn(s, projectId, id));
  return found.filter((vault) => vault !== undefined);
}

/** The claim names the vault; the binding says whether it is there yet. */
async function holdersOf(s: Services, projectId: string, resourceIds: readonly string[]): Promise<Set<string>> {
  const claims = await loadClaims(s.records, projectId, [...new Set(resourceIds)]);
  const holders = new Set<string>();
  for (const [id, claim] of claims) {
    if (claim.via !== id || holders.has(claim.vaultId)) continue;
    const found = await findVault(s, projectId, claim.vaultId);
    if (found?.bindings.some((b) => b.resourceId === id)) holders.add(claim.vaultId);
  }
  return holders;
}

function matches({ name, billing, status, enterpriseProjectId }: Vault, filter: VaultFilter): boolean {
  return (
    (filter.name === undefined || name.includes(filter.name)) &&
    (filter.objectType === undefined || billing.objectType === filter.objectType) &&
    (filter.protectType === undefined || billing.protectType === filter.protectType) &&
    (filter.cloudType === undefined || billing.cloudType === filter.cloudType) &&
    (filter.status === undefined || status === filter.status) &&
    (filter.enterpriseProjectId === undefined || enterpriseProjectId === filter.enterpriseProjectId)
  );
}
