/** The admin function: called by hand, with the operator's AWS credentials. */
import { bootstrapOnce } from "../../core/app/identity/bootstrap.ts";
import { AdminRequest, type BootstrapAnswer } from "./admin-contract.ts";
import { lambda } from "./kit/lambda.ts";
import { keys } from "./parts/keys.ts";
import { records } from "./parts/records.ts";
import { servicesOf } from "./services.ts";

/** The account's names on AWS; its one project is called like the region, as CBR's clients expect. */
const ACCOUNT = { domainName: "holdfast", userName: "admin" } as const;

export const handler = lambda((host) => {
  const services = servicesOf(host, { records, keys });
  return async (event): Promise<BootstrapAnswer> => {
    AdminRequest.parse(event);
    const region = host.variable("HOLDFAST_REGION_NAME");
    // By name: spreading the services would touch parts that this function has not.
    const { records: table, keys: sealed, newId, randomBytes } = services;
    const answer = await bootstrapOnce({ records: table, keys: sealed, newId, randomBytes, ...ACCOUNT, region });
    host.log({ level: "info", text: answer.created ? "first account made" : "the account exists already" });
    return answer;
  };
});
