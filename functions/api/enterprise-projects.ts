/** The part of an enterprise project service that clients of CBR call: it moves vaults, and tells which it holds (VLT-17). */
import { checkActions, IdentityFailure, type Principal } from "../../core/app/identity/principal.ts";
import { newestVaults } from "../../core/app/lists/list-vaults.ts";
import type { Vault } from "../../core/app/records/entities.ts";
import type { Services } from "../../core/app/services.ts";
import { moveToEnterpriseProject } from "../../core/app/vaults/move-enterprise-project.ts";
import type { Action } from "../../core/domain/roles.ts";
import { callerOf } from "./identity-caller.ts";
import { parseBody } from "./kit/fields.ts";
import type { Handler } from "./kit/request.ts";
import { filterBody, moveBody } from "./schemas/enterprise-projects.ts";

/** The project stands in the body here, not in the path. @throws IdentityFailure forbidden */
function permit(caller: Principal, projectId: string, action: Action): void {
  if (!caller.projectIds.includes(projectId))
    throw new IdentityFailure("forbidden", "the project in the body is not the caller's");
  checkActions(caller, projectId, [action]);
}

export const migrateResource: Handler<Services> = async (request, services) => {
  const { resource_id, project_id } = parseBody(moveBody, request.body);
  permit(callerOf(request), project_id, "cbr:vaults:update");
  const enterpriseProjectId = request.path.enterprise_project_id ?? "";
  await moveToEnterpriseProject(services, { projectId: project_id, vaultId: resource_id, enterpriseProjectId });
  return { status: 204 };
};

const view = ({ id, name, projectId, enterpriseProjectId }: Vault) => ({
  enterprise_project_id: enterpriseProjectId,
  project_id: projectId,
  resource_type: "vault",
  resource_id: id,
  resource_name: name,
});

export const filterResources: Handler<Services> = async (request, services) => {
  const { projects, vaults, limit, offset } = parseBody(filterBody, request.body);
  const caller = callerOf(request);
  const asked = projects ?? caller.projectIds;
  for (const projectId of asked) permit(caller, projectId, "cbr:vaults:list");
  const found: Vault[] = [];
  for (const projectId of vaults ? asked : [])
    for await (const vault of newestVaults(services, projectId, undefined))
      if (vault.enterpriseProjectId === request.path.enterprise_project_id) found.push(vault);
  const resources = found.slice(offset, offset + limit).map(view);
  return { status: 200, body: { resources, errors: [], total_count: found.length } };
};
