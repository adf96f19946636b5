/** The minute's work, when EventBridge says so. Called twice, it does no harm. */
import { tick } from "../../core/app/time/tick.ts";
import { bringUp } from "../../core/app/upgrade/bring-up.ts";
import { RECORDS_VERSION } from "../../core/app/upgrade/version.ts";
import { lambda } from "./kit/lambda.ts";
import { ec2 } from "./parts/ec2.ts";
import { keys } from "./parts/keys.ts";
import { notifier } from "./parts/notifier.ts";
import { records } from "./parts/records.ts";
import { targets } from "./parts/targets.ts";
import { workflows } from "./parts/workflows.ts";
import { servicesOf } from "./services.ts";

export const handler = lambda((host) => {
  const services = servicesOf(host, { records, keys, ec2, targets, workflows, notifier });
  // Once a process: a deployment starts new ones.
  let isUp = false;
  return async () => {
    if (!isUp) {
      const from = await bringUp(services);
      if (from !== undefined) host.log({ level: "info", text: "records brought up", from, to: RECORDS_VERSION });
      isUp = true;
    }
    const report = await tick(services);
    if (report.started + report.ended + report.failed > 0) host.log({ level: "info", text: "tick", ...report });
    return report;
  };
});
