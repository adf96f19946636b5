/** The admin function: called by hand, with the operator's AWS credentials. */
import { administer } from "../../core/app/identity/admin/administer.ts";
import { AdminRefused } from "../../core/app/identity/admin/refused.ts";
import { bootstrapOnce } from "../../core/app/identity/bootstrap.ts";
import { AdminRequest, type BootstrapAnswer, type OrderAnswer } from "./admin-contract.ts";
import { lambda } from "./kit/lambda.ts";
import { keys } from "./parts/keys.ts";
import { records } from "./parts/records.ts";
import { servicesOf } from "./services.ts";

/** The account's names on AWS; its one project is called like the region, as CBR's clients expect. */
const ACCOUNT = { domainName: "holdfast", userName: "admin" } as const;

export const handler = lambda((host) => {
  const services = servicesOf(host, { records, keys });
  return async (event): Promise<BootstrapAnswer | OrderAnswer> => {
    const request = AdminRequest.parse(event);
    // By name: spreading the services would touch parts that this function has not.
    const { records: table, keys: sealed, newId, randomBytes, now } = services;
    const deps = { records: table, keys: sealed, newId, randomBytes, now };
    if (request.action === "bootstrap") {
      const region = host.variable("HOLDFAST_REGION_NAME");
      const answer = await bootstrapOnce({ ...deps, ...ACCOUNT, region });
      host.log({ level: "info", text: answer.created ? "first account made" : "the account exists already" });
      return answer;
    }
    try {
      const result = await administer(deps, request);
      host.log({ level: "info", text: "accounts: order carried out", action: request.action });
      return { result };
    } catch (error) {
      if (!(error instanceof AdminRefused)) throw error;
      host.log({ level: "warn", text: "accounts: order refused", action: request.action, reason: error.message });
      return { refused: error.message };
    }
  };
});
