/** Is cdk-nag content, with a reason for each exception? */
import { AwsSolutionsChecks } from "cdk-nag";
import { expect, test } from "vitest";
import { NAG_EXCEPTIONS } from "../../infra/nag-exceptions.ts";
import { synthesize } from "./synthesized.ts";

const VPC = { vpc: "vpc-0123456789abcdef0", subnets: "subnet-0123456789abcdef0" };

const findings = (context: Record<string, unknown>) => {
  const { violations } = new AwsSolutionsChecks().validateScope(synthesize(context).app);
  return violations.flatMap(({ ruleName, violatingResources }) =>
    violatingResources.map(({ constructPath }) => ({ ruleName, at: constructPath ?? "" })),
  );
};

const excused = ({ ruleName, at }: { readonly ruleName: string; readonly at: string }) =>
  NAG_EXCEPTIONS.filter((exception) => exception.finding.test(ruleName) && exception.at.test(at));

test("every finding of the AWS Solutions rules has a reason, and every reason a finding", () => {
  const all = [
    ...findings({}),
    ...findings({ ...VPC, retainOnDestroy: "false", reservedConcurrency: "false", objectLock: "7" }),
  ];
  expect(all.length).toBeGreaterThan(20);
  expect(all.filter((finding) => excused(finding).length === 0)).toEqual([]);
  const used = new Set(all.flatMap(excused));
  expect(NAG_EXCEPTIONS.filter((exception) => !used.has(exception))).toEqual([]);
  expect(NAG_EXCEPTIONS.filter(({ reason }) => reason.length < 20)).toEqual([]);
});
