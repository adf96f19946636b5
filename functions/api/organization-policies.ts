/** The API's organisation policy operations (cbr-api #24–#29): policies are kept; none is rolled out to a project yet. */
import { findProject } from "../../core/app/identity/directory.ts";
import { fromRows, listPage } from "../../core/app/lists/walk.ts";
import {
  createOrganizationPolicy as create,
  type Organization,
} from "../../core/app/organization-policies/create-policy.ts";
import { deleteOrganizationPolicy as remove } from "../../core/app/organization-policies/delete-policy.ts";
import {
  listOrganizationPolicies as list,
  loadOrganizationPolicy,
} from "../../core/app/organization-policies/load-policy.ts";
import { updateOrganizationPolicy as update } from "../../core/app/organization-policies/update-policy.ts";
import type { Services } from "../../core/app/services.ts";
import { badField } from "../../core/domain/fault.ts";
import { OPERATION_TYPES } from "../../core/domain/organization-policy.ts";
import { parseBody } from "./kit/fields.ts";
import { oneOf, pageOf } from "./kit/list-query.ts";
import type { ApiRequest, Handler } from "./kit/request.ts";
import { refusal } from "./kit/wire-errors.ts";
import { createOrganizationPolicyBody, updateOrganizationPolicyBody } from "./schemas/organization-policies.ts";
import { organizationPolicyView } from "./views/organization-policy.ts";

const policyId = ({ path }: ApiRequest): string => path.organization_policy_id ?? "";
const domainOf = ({ principal }: ApiRequest): string => principal?.domainId ?? "";

async function organizationOf(request: ApiRequest, { records }: Services): Promise<Organization> {
  const project = await findProject(records, request.projectId);
  return { domainId: domainOf(request), domainName: request.principal?.domainName ?? "", region: project?.name };
}

/** ORG-06: a cloud that has no organisation policies does not know their paths. */
const whereTheyExist =
  (handler: Handler<Services>): Handler<Services> =>
  async (request, services) =>
    request.profile.organizationPolicies
      ? handler(request, services)
      : refusal(404, "APIGW.0101", `there are no organization policies in the profile ${request.profile.name}`);

export const createOrganizationPolicy = whereTheyExist(async (request, services) => {
  const draft = parseBody(createOrganizationPolicyBody, request.body);
  const created = await create(services, await organizationOf(request, services), draft);
  return { status: 200, body: { policy: organizationPolicyView(created) } };
});

export const listOrganizationPolicies = whereTheyExist(async (request, services) => {
  const page = pageOf(request.query);
  const type =
    oneOf(request.query, "operation_type", OPERATION_TYPES) ??
    badField("operation_type", `is missing: must be ${OPERATION_TYPES.join(" or ")}`);
  const all = await list(services, domainOf(request), type);
  const { rows, count } = await listPage(
    { source: fromRows(all), find: async (id) => all.find((policy) => policy.id === id), keep: () => true },
    page,
  );
  const { limit, offset } = page;
  return { status: 200, body: { policies: rows.map(organizationPolicyView), count, limit, offset } };
});

export const showOrganizationPolicy = whereTheyExist(async (request, services) => {
  const found = await loadOrganizationPolicy(services, domainOf(request), policyId(request));
  return { status: 200, body: { policy: organizationPolicyView(found) } };
});

export const updateOrganizationPolicy = whereTheyExist(async (request, services) => {
  const change = parseBody(updateOrganizationPolicyBody, request.body);
  const updated = await update(services, await organizationOf(request, services), policyId(request), change);
  return { status: 200, body: { policy: organizationPolicyView(updated) } };
});

export const deleteOrganizationPolicy = whereTheyExist(async (request, services) => {
  await remove(services, domainOf(request), policyId(request));
  return { status: 204 };
});

/** The projects that a policy has reached: none, as none is rolled out. */
export const listOrganizationPolicyDetail = whereTheyExist(async (request, services) => {
  const { limit, offset } = pageOf(request.query);
  await loadOrganizationPolicy(services, domainOf(request), policyId(request));
  return { status: 200, body: { policies: [], count: 0, limit, offset } };
});
