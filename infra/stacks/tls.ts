/** How does a resource refuse who does not use TLS? */
import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";

/** A statement for the policy of the resource itself. */
export const onlyTls = (actions: readonly string[], resource: string): PolicyStatement =>
  new PolicyStatement({
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: [...actions],
    resources: [resource],
    conditions: { Bool: { "aws:SecureTransport": "false" } },
  });
