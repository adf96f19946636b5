/** Servers and disks: EC2 instances and EBS volumes. */
import { createEc2Client } from "../../../adapters/aws/clients/ec2.ts";
import { createEc2Provider } from "../../../adapters/aws/ec2/provider.ts";
import type { ResourceProvider } from "../../../core/ports/resource-provider.ts";
import type { Host } from "../services.ts";

export function ec2(host: Host): { readonly resources: ResourceProvider } {
  const resources = createEc2Provider({
    ec2: createEc2Client(host.onCall),
    deployment: host.variable("HOLDFAST_NAME"),
    log: (text) => host.log({ level: "info", text }),
  });
  return { resources };
}
