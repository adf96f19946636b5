/** The API: every request of every client, through API Gateway's `$default` route. */
import { authenticator } from "../../core/app/identity/authenticate.ts";
import { createApi } from "../api/kit/create-api.ts";
import { routes } from "../api/routes.ts";
import { fromGateway, type GatewayEvent } from "./kit/gateway-event.ts";
import { lambda } from "./kit/lambda.ts";
import { ec2 } from "./parts/ec2.ts";
import { keys } from "./parts/keys.ts";
import { records } from "./parts/records.ts";
import { workflows } from "./parts/workflows.ts";
import { servicesOf } from "./services.ts";

export const handler = lambda((host) => {
  const services = servicesOf(host, { records, keys, ec2, workflows });
  const api = createApi({
    services,
    routes,
    authenticate: authenticator(services),
    newId: services.newId,
    log: host.log,
    scheme: "https",
  });
  return async (event) => api(fromGateway(event as GatewayEvent));
});
