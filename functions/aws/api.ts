/** The API: every request of every client, through API Gateway's `$default` route. */
import { authenticator } from "../../core/app/identity/authenticate.ts";
import { createApi } from "../api/kit/create-api.ts";
import type { HttpEvent, HttpResult } from "../api/kit/event.ts";
import { routes } from "../api/routes.ts";
import { fromGateway, type GatewayEvent } from "./kit/gateway-event.ts";
import { lambda } from "./kit/lambda.ts";
import { ec2 } from "./parts/ec2.ts";
import { keys } from "./parts/keys.ts";
import { records } from "./parts/records.ts";
import { workflows } from "./parts/workflows.ts";
import { type Host, servicesOf } from "./services.ts";

/** Counted apart from API Gateway's 5xx: some refusals of the contract are 5xx too, and are nobody's trouble. */
const FAILURES = "api_failures_total";

export const handler = lambda((host) => {
  let api: ((event: HttpEvent) => Promise<HttpResult>) | undefined;
  return async (event, { awsRequestId }) => {
    try {
      api ??= open(host);
      return await api(fromGateway(event as GatewayEvent));
    } catch (error) {
      // Only what happens before the API can answer by itself: it was deployed without a variable that it reads.
      const stack = error instanceof Error ? error.stack : String(error);
      host.log({ level: "error", text: "the API cannot be opened", stack });
      host.metrics.count(FAILURES, 1);
      return unopened(awsRequestId);
    }
  };
});

function open(host: Host): (event: HttpEvent) => Promise<HttpResult> {
  const services = servicesOf(host, { records, keys, ec2, workflows });
  return createApi({
    services,
    routes,
    authenticate: authenticator(services),
    newId: services.newId,
    log(line) {
      host.log(line);
      host.metrics.count(FAILURES, 1);
    },
    scheme: "https",
  });
}

/** As the API itself answers a defect; what API Gateway would make of an error has no code and no request id of ours. */
const unopened = (requestId: string): HttpResult => ({
  statusCode: 500,
  headers: { "Content-Type": "application/json", "X-Request-Id": requestId, "Cache-Control": "no-store" },
  body: JSON.stringify({ error_code: "BackupService.9910", error_msg: `internal error, request ${requestId}` }),
});
