/** The API's vault operations (cbr-api #3, #5–#10). */
import { listVaults as list } from "../../core/app/lists/list-vaults.ts";
import type { Services } from "../../core/app/services.ts";
import { addResources } from "../../core/app/vaults/add-resources.ts";
import { createVault as create } from "../../core/app/vaults/create-vault.ts";
import { showVault as show } from "../../core/app/vaults/show-vault.ts";
import { startDeleteVault } from "../../core/app/vaults/start-delete-vault.ts";
import { startRemoveResources } from "../../core/app/vaults/start-remove-resources.ts";
import { updateVault as update } from "../../core/app/vaults/update-vault.ts";
import { badField } from "../../core/domain/fault.ts";
import { checkProfile } from "../../core/domain/profile.ts";
import { enterpriseProject } from "./enterprise-project.ts";
import { parseBody } from "./kit/fields.ts";
import { pageOf } from "./kit/list-query.ts";
import type { ApiRequest, Handler } from "./kit/request.ts";
import { addResourcesBody, createVaultBody, removeResourcesBody, updateVaultBody } from "./schemas/vaults.ts";
import { vaultView } from "./views/vault.ts";

const vaultId = ({ path }: ApiRequest): string => path.vault_id ?? "";

export const createVault: Handler<Services> = async (request, services) => {
  const { draft, chargingMode } = parseBody(createVaultBody, request.body);
  checkProfile(request.profile, "vault", { ...draft.billing, name: draft.name, tags: draft.tags });
  if (chargingMode === "pre_paid")
    badField("vault.billing.charging_mode", "pre_paid is not possible: there is nothing to buy; use post_paid");
  const created = await create(services, request.caller, draft);
  // Members that only this answer has (cbr-api 5.4).
  return { status: 200, body: { vault: { ...vaultView(created), cbc_delete_count: 0, frozen: false } } };
};

export const showVault: Handler<Services> = async (request, services) => {
  const found = await show(services, request.projectId, vaultId(request));
  return { status: 200, body: { vault: vaultView(found) } };
};

export const listVaults: Handler<Services> = async ({ query, projectId }, services) => {
  const { limit, offset, marker } = pageOf(query);
  const filter = {
    ids: query.values("id"),
    resourceIds: query.values("resource_ids"),
    name: query.get("name"),
    objectType: query.get("object_type"),
    protectType: query.get("protect_type"),
    cloudType: query.get("cloud_type"),
    status: query.get("status"),
    policyId: query.get("policy_id"),
    enterpriseProjectId: enterpriseProject(query),
  };
  const { rows, count } = await list(services, projectId, filter, { limit, offset, marker });
  return { status: 200, body: { vaults: rows.map(vaultView), count, limit, offset } };
};

export const updateVault: Handler<Services> = async (request, services) => {
  const change = parseBody(updateVaultBody, request.body);
  checkProfile(request.profile, "vault", change);
  const updated = await update(services, request.caller, vaultId(request), change);
  return { status: 200, body: { vault: vaultView(updated) } };
};

export const deleteVault: Handler<Services> = async (request, services) => {
  await startDeleteVault(services, request.caller, vaultId(request));
  return { status: 204 };
};

export const addVaultResources: Handler<Services> = async (request, services) => {
  const asks = parseBody(addResourcesBody, request.body);
  const ids = await addResources(services, request.caller, vaultId(request), asks);
  return { status: 200, body: { add_resource_ids: ids } };
};

export const removeVaultResources: Handler<Services> = async (request, services) => {
  const ids = parseBody(removeResourcesBody, request.body);
  await startRemoveResources(services, request.caller, vaultId(request), ids);
  return { status: 200, body: { remove_resource_ids: ids } };
};
