/** The API's operations on tags of vaults (cbr-api #53–#58). */
import { projectTags, searchVaults } from "../../core/app/lists/search-vaults.ts";
import type { Services } from "../../core/app/services.ts";
import { loadVault } from "../../core/app/vaults/load-vault.ts";
import { dropTag, dropTags, setTags } from "../../core/app/vaults/tag-vault.ts";
import { parseBody } from "./kit/fields.ts";
import type { ApiRequest, Handler } from "./kit/request.ts";
import { createTagBody, searchBody, tagsActionBody } from "./schemas/tags.ts";
import { vaultView } from "./views/vault.ts";

const vaultId = ({ path }: ApiRequest): string => path.vault_id ?? "";

export const createTag: Handler<Services> = async (request, services) => {
  await setTags(services, request.caller, vaultId(request), [parseBody(createTagBody, request.body)]);
  return { status: 204 };
};

export const showTags: Handler<Services> = async (request, services) => {
  const { tags } = await loadVault(services.records, request.projectId, vaultId(request));
  return { status: 200, body: { tags } };
};

export const deleteTag: Handler<Services> = async (request, services) => {
  await dropTag(services, request.caller, vaultId(request), request.path.key ?? "");
  return { status: 204 };
};

export const changeTags: Handler<Services> = async (request, services) => {
  const asked = parseBody(tagsActionBody, request.body);
  if (asked.action === "create") await setTags(services, request.caller, vaultId(request), asked.tags);
  else
    await dropTags(
      services,
      request.caller,
      vaultId(request),
      asked.tags.map(({ key }) => key),
    );
  return { status: 204 };
};

export const listProjectTags: Handler<Services> = async ({ projectId }, services) => ({
  status: 200,
  body: { tags: await projectTags(services, projectId) },
});

/** `resource_detail` is an object (D-14). */
export const searchResourceInstances: Handler<Services> = async ({ body, projectId }, services) => {
  const { countOnly, limit, offset, search } = parseBody(searchBody, body);
  const { rows, count } = await searchVaults(
    services,
    projectId,
    search,
    countOnly ? { limit: 0, offset: 0 } : { limit, offset },
  );
  if (countOnly) return { status: 200, body: { total_count: count } };
  const resources = rows.map((row) => ({
    resource_id: row.vault.id,
    resource_name: row.vault.name,
    resource_detail: { vault: vaultView(row) },
    tags: row.vault.tags,
    sys_tags: [],
  }));
  return { status: 200, body: { resources, total_count: count } };
};
