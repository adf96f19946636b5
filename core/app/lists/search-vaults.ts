/** Searching vaults by tags and name (#58), and the tags that a project's vaults have (#57). */
import { collectTags, matchesTags, type TagSearch } from "../../domain/tags.ts";
import { inBatches } from "../in-batches.ts";
import type { Vault } from "../records/entities.ts";
import type { Services } from "../services.ts";
import { findVault, type VaultWithBindings } from "../vaults/show-vault.ts";
import { newestVaults, VAULTS_AT_ONCE } from "./list-vaults.ts";
import { listPage, type PageAsk, type Paged } from "./walk.ts";

export interface VaultSearch {
  readonly tags: TagSearch;
  /** Any part of the name in any case; "" finds what has no name, which no vault is. */
  readonly name?: string | undefined;
  readonly objectType?: string | undefined;
  readonly cloudType?: string | undefined;
  /** Enterprise projects; empty = any. */
  readonly enterpriseProjects: readonly string[];
}

/** Newest first. `limit` 0 counts only. @throws Fault 9900 (more than 10,000 vaults to search) */
export async function searchVaults(
  s: Services,
  projectId: string,
  search: VaultSearch,
  ask: PageAsk,
): Promise<Paged<VaultWithBindings>> {
  const { rows, count } = await listPage<Vault>(
    {
      source: () => newestVaults(s, projectId, undefined),
      find: async () => undefined,
      keep: (vault) => matches(vault, search),
    },
    ask,
  );
  // The index may still name a vault that is gone.
  const found = await inBatches(rows, VAULTS_AT_ONCE, ({ id }) => findVault(s, projectId, id));
  return { rows: found.filter((row) => row !== undefined), count };
}

/** Of all vaults of the project. */
export async function projectTags(
  s: Services,
  projectId: string,
): Promise<readonly { readonly key: string; readonly values: readonly string[] }[]> {
  const all: Vault["tags"][] = [];
  for await (const { tags } of newestVaults(s, projectId, undefined)) all.push(tags);
  return collectTags(all);
}

function matches({ name, tags, billing, enterpriseProjectId }: Vault, search: VaultSearch): boolean {
  return (
    matchesTags(tags, search.tags) &&
    (search.name === undefined || (search.name !== "" && name.toLowerCase().includes(search.name.toLowerCase()))) &&
    (search.objectType === undefined || billing.objectType === search.objectType) &&
    (search.cloudType === undefined || billing.cloudType === search.cloudType) &&
    (search.enterpriseProjects.length === 0 || search.enterpriseProjects.includes(enterpriseProjectId))
  );
}
