/** The API's policy operations (cbr-api #12, #13, #19–#23). */
import {
  associatePolicy as associate,
  dissociatePolicy as dissociate,
} from "../../core/app/policies/associate-policy.ts";
import { createPolicy as create } from "../../core/app/policies/create-policy.ts";
import { listPolicies as list, showPolicy as show } from "../../core/app/policies/show-policy.ts";
import { deletePolicy as remove, updatePolicy as update } from "../../core/app/policies/update-policy.ts";
import type { Services } from "../../core/app/services.ts";
import { POLICY_TYPES } from "../../core/domain/policy.ts";
import { parseBody } from "./kit/fields.ts";
import { oneOf, pageOf } from "./kit/list-query.ts";
import type { ApiRequest, Handler } from "./kit/request.ts";
import { associatePolicyBody, createPolicyBody, dissociatePolicyBody, updatePolicyBody } from "./schemas/policies.ts";
import { policyView } from "./views/policy.ts";

const policyId = ({ path }: ApiRequest): string => path.policy_id ?? "";
const vaultId = ({ path }: ApiRequest): string => path.vault_id ?? "";

export const createPolicy: Handler<Services> = async (request, services) => {
  const created = await create(services, request.caller, parseBody(createPolicyBody, request.body));
  return { status: 200, body: { policy: policyView(created) } };
};

export const listPolicies: Handler<Services> = async ({ query, projectId }, services) => {
  const { limit, offset, marker } = pageOf(query);
  const filter = {
    operationType: oneOf(query, "operation_type", POLICY_TYPES),
    vaultId: query.get("vault_id"),
    name: query.get("name"),
  };
  const { rows, count } = await list(services, projectId, filter, { limit, offset, marker });
  return { status: 200, body: { policies: rows.map(policyView), count } };
};

export const showPolicy: Handler<Services> = async (request, services) => {
  const shown = await show(services, request.projectId, policyId(request));
  return { status: 200, body: { policy: policyView(shown) } };
};

export const updatePolicy: Handler<Services> = async (request, services) => {
  const change = parseBody(updatePolicyBody, request.body);
  const updated = await update(services, request.caller, policyId(request), change);
  return { status: 200, body: { policy: policyView(updated) } };
};

export const deletePolicy: Handler<Services> = async (request, services) => {
  await remove(services, request.caller, policyId(request));
  return { status: 204 };
};

export const associatePolicy: Handler<Services> = async (request, services) => {
  const ask = parseBody(associatePolicyBody, request.body);
  await associate(services, request.caller, vaultId(request), ask, request.profile);
  const { destinationVaultId } = ask;
  return {
    status: 200,
    body: {
      associate_policy: {
        vault_id: vaultId(request),
        policy_id: ask.policyId,
        ...(destinationVaultId !== undefined && { destination_vault_id: destinationVaultId }),
      },
    },
  };
};

export const dissociatePolicy: Handler<Services> = async (request, services) => {
  const id = parseBody(dissociatePolicyBody, request.body);
  await dissociate(services, request.caller, vaultId(request), id);
  return { status: 200, body: { dissociate_policy: { vault_id: vaultId(request), policy_id: id } } };
};
