/** How do plain statements become a role that nothing else can widen? */
import { Effect, type IRole, PolicyDocument, PolicyStatement, type PrincipalBase, Role } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import type { Statement } from "../policies/statements.ts";

const toIam = ({ actions, resources, conditions, deny }: Statement): PolicyStatement =>
  new PolicyStatement({
    effect: deny ? Effect.DENY : Effect.ALLOW,
    actions: [...actions],
    resources: [...resources],
    ...(conditions !== undefined && { conditions }),
  });

/**
 * A role with exactly these statements. Constructs that would add to it (an integration, a destination, a log) cannot: what
 * they need stands in infra/policies as well.
 */
export function roleOf(
  scope: Construct,
  id: string,
  role: { readonly name: string; readonly assumedBy: PrincipalBase; readonly statements: readonly Statement[] },
): IRole {
  return new Role(scope, id, {
    roleName: role.name,
    assumedBy: role.assumedBy,
    inlinePolicies: { own: new PolicyDocument({ statements: role.statements.map(toIam) }) },
  }).withoutPolicyUpdates();
}
