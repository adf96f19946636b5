/** How much a project's vaults hold: in sum (#17), and resource by resource (#68, CAP-10). */
import { inBatches } from "../in-batches.ts";
import type { Binding } from "../records/entities.ts";
import type { Services } from "../services.ts";
import { usedBytes } from "../vaults/load-vault.ts";
import { loadClaims } from "../vaults/sagas.ts";
import { findVault, type VaultWithBindings } from "../vaults/show-vault.ts";
import { newestVaults, VAULTS_AT_ONCE } from "./list-vaults.ts";
import { tooMany } from "./walk.ts";

/** A project's vaults in sum. */
export interface Summary {
  /** GB, bought. */
  readonly size: number;
  /** Bytes that backups use. */
  readonly used: number;
}

/** Over all vaults of the project. */
export async function showSummary(s: Services, projectId: string): Promise<Summary> {
  let size = 0;
  let used = 0;
  for await (const { vault, bindings } of everyVault(s, projectId)) {
    size += vault.billing.size;
    used += usedBytes(bindings);
  }
  return { size, used };
}

/** A bound resource and the vault that it is in. */
export interface ResourceUsage {
  readonly binding: Binding;
  readonly isMultiAz: boolean;
}

export interface UsageFilter {
  readonly resourceId?: string | undefined;
  readonly resourceType?: string | undefined;
}

/** Rows that one answer sums up at most: 10,000 resources are 40 full vaults. */
const MAX_RESOURCES = 10_000;

/** The newest vault's resources first, in id order. @throws Fault 9900 (more than 10,000 resources) */
export async function listUsage(
  s: Services,
  projectId: string,
  filter: UsageFilter,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Promise<{ readonly rows: readonly ResourceUsage[]; readonly count: number }> {
  const source = filter.resourceId === undefined ? everyVault(s, projectId) : holderOf(s, projectId, filter.resourceId);
  const all: ResourceUsage[] = [];
  for await (const { vault, bindings } of source) {
    for (const binding of bindings)
      if (matches(binding, filter)) all.push({ binding, isMultiAz: vault.billing.isMultiAz });
    if (all.length > MAX_RESOURCES) tooMany();
  }
  return { rows: all.slice(offset, offset + limit), count: all.length };
}

const matches = ({ resourceId, resourceType }: Binding, filter: UsageFilter): boolean =>
  (filter.resourceId === undefined || resourceId === filter.resourceId) &&
  (filter.resourceType === undefined || resourceType === filter.resourceType);

async function* everyVault(s: Services, projectId: string): AsyncGenerator<VaultWithBindings> {
  const load = async (ids: readonly string[]) => {
    const found = await inBatches(ids, VAULTS_AT_ONCE, (id) => findVault(s, projectId, id));
    // The index may still name a vault that is gone.
    return found.filter((one) => one !== undefined);
  };
  let ids: string[] = [];
  for await (const { id } of newestVaults(s, projectId, undefined)) {
    ids.push(id);
    if (ids.length < VAULTS_AT_ONCE) continue;
    yield* await load(ids);
    ids = [];
  }
  yield* await load(ids);
}

/** The vault that the resource's claim names, if there is one. */
async function* holderOf(s: Services, projectId: string, resourceId: string): AsyncGenerator<VaultWithBindings> {
  const claim = (await loadClaims(s.records, projectId, [resourceId])).get(resourceId);
  const found = claim && (await findVault(s, projectId, claim.vaultId));
  if (found !== undefined) yield found;
}
