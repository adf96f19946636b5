/** Notices through SNS and EventBridge. */
import { createEventsClient } from "../../../adapters/aws/clients/events.ts";
import { createSnsClient } from "../../../adapters/aws/clients/sns.ts";
import { createAwsNotifier } from "../../../adapters/aws/sns-notifier.ts";
import type { Notifier } from "../../../core/ports/notifier.ts";
import type { Host } from "../services.ts";

export function notifier(host: Host): { readonly notifier: Notifier } {
  return {
    notifier: createAwsNotifier({
      sns: createSnsClient(host.onCall),
      topicArn: host.variable("HOLDFAST_TOPIC"),
      events: createEventsClient(host.onCall),
      log: (text) => host.log({ level: "warn", text }),
    }),
  };
}
