/** The API's prepaid operations (cbr-api #4, #16, #66, #67). Holdfast sells nothing: what they name is checked, then refused. */
import type { Services } from "../../core/app/services.ts";
import { loadVault } from "../../core/app/vaults/load-vault.ts";
import { orderVault as order } from "../../core/app/vaults/order-vault.ts";
import { badField, fault } from "../../core/domain/fault.ts";
import { parseBody } from "./kit/fields.ts";
import type { ApiRequest, Handler } from "./kit/request.ts";
import { changeOrderBody, chargeModeBody, isCamelOrder, orderVaultBody, updateOrderBody } from "./schemas/orders.ts";

export const orderVault: Handler<Services> = async ({ body }, services) =>
  order(services, parseBody(orderVaultBody, body).draft);

export const changeChargeMode: Handler<Services> = async ({ body, projectId }, services) => {
  for (const id of parseBody(chargeModeBody, body)) await loadVault(services.records, projectId, id);
  return badField("charging_mode", "pre_paid is not possible: there is nothing to buy; the vaults stay post_paid");
};

/** @throws Fault 6105, 6109 */
async function noOrder({ projectId }: ApiRequest, { records }: Services, vaultId: string): Promise<never> {
  const { id } = await loadVault(records, projectId, vaultId);
  return fault("6109", `vault ${id} is post_paid and has no order: change its size with PUT vaults/${id}`);
}

export const changeOrder: Handler<Services> = async (request, services) => {
  const schema = isCamelOrder(request.body) ? updateOrderBody : changeOrderBody;
  return noOrder(request, services, parseBody(schema, request.body));
};

export const updateOrder: Handler<Services> = async (request, services) =>
  noOrder(request, services, parseBody(updateOrderBody, request.body));
