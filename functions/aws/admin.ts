/** The admin function: called by hand, with the operator's AWS credentials. */
import { administer } from "../../core/app/identity/admin/administer.ts";
import type { AdminOrder } from "../../core/app/identity/admin/orders.ts";
import { AdminRefused } from "../../core/app/identity/admin/refused.ts";
import { bootstrapOnce } from "../../core/app/identity/bootstrap.ts";
import { type FreezeAsk, freezeVault } from "../../core/app/vaults/freeze-vault.ts";
import { Fault } from "../../core/domain/fault.ts";
import { AdminRequest, type BootstrapAnswer, type FreezeAnswer, type OrderAnswer } from "./admin-contract.ts";
import { lambda } from "./kit/lambda.ts";
import { keys } from "./parts/keys.ts";
import { notifier } from "./parts/notifier.ts";
import { records } from "./parts/records.ts";
import { servicesOf } from "./services.ts";

/** The account's names on AWS; its one project is called like the region, as CBR's clients expect. */
const ACCOUNT = { domainName: "holdfast", userName: "admin" } as const;

export const handler = lambda((host) => {
  const services = servicesOf(host, { records, keys, notifier });
  // By name: spreading the services would touch parts that this function has not.
  const { records: table, keys: sealed, newId, randomBytes, now } = services;
  const accounts = { records: table, keys: sealed, newId, randomBytes, now };

  async function bootstrap(): Promise<BootstrapAnswer> {
    const region = host.variable("HOLDFAST_REGION_NAME");
    const answer = await bootstrapOnce({ ...accounts, ...ACCOUNT, region });
    host.log({ level: "info", text: answer.created ? "first account made" : "the account exists already" });
    return answer;
  }

  async function freeze(ask: FreezeAsk): Promise<FreezeAnswer> {
    try {
      const { id, name, status } = await freezeVault(services, ask);
      host.log({ level: "info", text: ask.frozen ? "vault frozen" : "vault released", vault: id });
      return { vault: { id, name, status } };
    } catch (error) {
      if (error instanceof Fault) return { refused: error.message };
      throw error;
    }
  }

  async function order(asked: AdminOrder): Promise<OrderAnswer> {
    try {
      const result = await administer(accounts, asked);
      host.log({ level: "info", text: "accounts: order carried out", action: asked.action });
      return { result };
    } catch (error) {
      if (!(error instanceof AdminRefused)) throw error;
      host.log({ level: "warn", text: "accounts: order refused", action: asked.action, reason: error.message });
      return { refused: error.message };
    }
  }

  return async (event): Promise<BootstrapAnswer | FreezeAnswer | OrderAnswer> => {
    const request = AdminRequest.parse(event);
    if (request.action === "bootstrap") return bootstrap();
    if (request.action !== "freeze-vault") return order(request);
    return freeze({ vaultId: request.vault_id, frozen: request.frozen, scene: request.scene });
  };
});
