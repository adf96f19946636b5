/** The admin function: called by hand, with the operator's AWS credentials. */
import { bootstrapOnce } from "../../core/app/identity/bootstrap.ts";
import { freezeVault } from "../../core/app/vaults/freeze-vault.ts";
import { Fault } from "../../core/domain/fault.ts";
import { AdminRequest, type BootstrapAnswer, type FreezeAnswer } from "./admin-contract.ts";
import { lambda } from "./kit/lambda.ts";
import { keys } from "./parts/keys.ts";
import { notifier } from "./parts/notifier.ts";
import { records } from "./parts/records.ts";
import { servicesOf } from "./services.ts";

/** The account's names on AWS; its one project is called like the region, as CBR's clients expect. */
const ACCOUNT = { domainName: "holdfast", userName: "admin" } as const;

export const handler = lambda((host) => {
  const services = servicesOf(host, { records, keys, notifier });

  async function bootstrap(): Promise<BootstrapAnswer> {
    const region = host.variable("HOLDFAST_REGION_NAME");
    // By name: spreading the services would touch parts that this function has not.
    const { records: table, keys: sealed, newId, randomBytes } = services;
    const answer = await bootstrapOnce({ records: table, keys: sealed, newId, randomBytes, ...ACCOUNT, region });
    host.log({ level: "info", text: answer.created ? "first account made" : "the account exists already" });
    return answer;
  }

  async function freeze(vaultId: string, frozen: boolean): Promise<FreezeAnswer> {
    try {
      const { id, name, status } = await freezeVault(services, { vaultId, frozen });
      host.log({ level: "info", text: frozen ? "vault frozen" : "vault released", vault: id });
      return { vault: { id, name, status } };
    } catch (error) {
      if (error instanceof Fault) return { refused: error.message };
      throw error;
    }
  }

  return async (event): Promise<BootstrapAnswer | FreezeAnswer> => {
    const request = AdminRequest.parse(event);
    return request.action === "bootstrap" ? bootstrap() : freeze(request.vault_id, request.frozen);
  };
});
