/** The hour's work, when EventBridge says so: snapshots and volumes that nobody needs any more go. */
import { sweepProvider } from "../../core/app/time/sweep-provider.ts";
import { lambda } from "./kit/lambda.ts";
import { ec2 } from "./parts/ec2.ts";
import { records } from "./parts/records.ts";
import { targets } from "./parts/targets.ts";
import { servicesOf } from "./services.ts";

export const handler = lambda((host) => {
  const services = servicesOf(host, { records, ec2, targets });
  return async () => {
    const report = await sweepProvider(services);
    host.log({ level: "info", text: "sweep", ...report });
    return report;
  };
});
