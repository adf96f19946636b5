/** What restores write to: EBS snapshots, and the volumes that are made of them. */

import { createEbsClient } from "../../../adapters/aws/clients/ebs.ts";
import { createEc2Client } from "../../../adapters/aws/clients/ec2.ts";
import { tellingUnavailable } from "../../../adapters/aws/clients.ts";
import { createEc2RestoreTargets } from "../../../adapters/aws/ec2/restore-targets.ts";
import type { RestoreTargets } from "../../../core/ports/restore-targets.ts";
import type { Host } from "../services.ts";

export function targets(host: Host): { readonly targets: RestoreTargets } {
  const targets = createEc2RestoreTargets({
    ec2: createEc2Client(host.onCall),
    ebs: tellingUnavailable(createEbsClient(host.onCall)),
    deployment: host.variable("HOLDFAST_NAME"),
    log: (text) => host.log({ level: "info", text }),
  });
  return { targets };
}
