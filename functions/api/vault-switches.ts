/** The API's operations on many vaults or resources at once, and on what they hold together (cbr-api #11, #14, #15, #17, #18, #68). */
import { listVaults } from "../../core/app/lists/list-vaults.ts";
import { listUsage, showSummary as summarise } from "../../core/app/lists/usage.ts";
import type { Services } from "../../core/app/services.ts";
import { migrateResources } from "../../core/app/vaults/migrate-resources.ts";
import { suspendResources } from "../../core/app/vaults/suspend-resources.ts";
import { updateAllVaults } from "../../core/app/vaults/update-all-vaults.ts";
import { badField } from "../../core/domain/fault.ts";
import { regionOf } from "./features.ts";
import { parseBody } from "./kit/fields.ts";
import { oneOf, pageOf } from "./kit/list-query.ts";
import type { Handler } from "./kit/request.ts";
import { batchUpdateBody, migrateResourcesBody, setResourcesBody } from "./schemas/vault-switches.ts";
import { summaryView, usageView } from "./views/usage.ts";
import { vaultView } from "./views/vault.ts";

/** The ids of the resources: the contract's example prints the vault's by mistake (cbr-api #11). */
export const migrateVaultResources: Handler<Services> = async ({ body, caller, path }, services) => {
  const { destination, ids } = parseBody(migrateResourcesBody, body);
  await migrateResources(services, caller, { source: path.vault_id ?? "", destination, resourceIds: ids });
  return { status: 200, body: { migrated_resources: ids } };
};

export const setVaultResources: Handler<Services> = async ({ body, caller, path }, services) => {
  const { ids, suspended } = parseBody(setResourcesBody, body);
  await suspendResources(services, caller, path.vault_id ?? "", ids, suspended);
  return { status: 200, body: { set_resource_ids: ids } };
};

export const batchUpdateVaults: Handler<Services> = async ({ body, caller }, services) => {
  const ids = await updateAllVaults(services, caller, parseBody(batchUpdateBody, body));
  return { status: 200, body: { updated_vaults_id: ids } };
};

export const showSummary: Handler<Services> = async ({ projectId }, services) => ({
  status: 200,
  body: summaryView(await summarise(services, projectId)),
});

const SERVERS = ["OS::Nova::Server", "OS::Ironic::BareMetalServer", "OS::Cinder::Volume"] as const;

/** The contract names the server types; disks are told of as well. */
export const showStorageUsage: Handler<Services> = async ({ query, projectId }, services) => {
  const filter = { resourceId: query.get("resource_id"), resourceType: oneOf(query, "resource_type", SERVERS) };
  const { limit, offset } = pageOf(query);
  const { rows, count } = await listUsage(services, projectId, filter, { limit, offset });
  return { status: 200, body: { resource_count: count, storage_usage: rows.map(usageView) } };
};

/** Vaults of another project of the caller: there is one region, and other callers' projects are not told of. */
export const listExternalVaults: Handler<Services> = async (request, services) => {
  const { query, principal } = request;
  const project = query.get("external_project_id") ?? badField("external_project_id", "is missing");
  const region = query.get("region_id") ?? badField("region_id", "is missing");
  const { limit, offset } = pageOf(query);
  const filter = {
    ids: query.values("vault_id"),
    resourceIds: [],
    ...(query.get("vault_id") === undefined && {
      // Misspelt on the wire by some clients, and in the contract.
      objectType: query.get("objcet_type") ?? query.get("object_type"),
      protectType: oneOf(query, "protect_type", ["backup", "replication", "hybrid"]),
      cloudType: query.get("cloud_type"),
    }),
  };
  const reachable = principal?.projectIds.includes(project) === true && region === (await regionOf(request, services));
  const { rows, count } = reachable
    ? await listVaults(services, project, filter, { limit, offset })
    : { rows: [], count: 0 };
  return { status: 200, body: { vaults: rows.map(vaultView), count, limit, offset } };
};
