/** Is a wrong option refused in words that help? */
import { expect, test } from "vitest";
import { MOST_GROUPS } from "../../core/domain/plan.ts";
import { OptionInvalid, type Options, readOptions } from "../../infra/options.ts";

const refused = (context: Record<string, unknown>): string => {
  try {
    readOptions(context);
  } catch (error) {
    if (error instanceof OptionInvalid) return error.message;
    throw error;
  }
  throw new Error(`${JSON.stringify(context)} was not refused`);
};

test("without options it is one deployment that keeps its data", () => {
  expect(readOptions({})).toEqual({
    name: "holdfast",
    architecture: "arm64",
    retainOnDestroy: true,
    alarmEmail: undefined,
    vpc: undefined,
    logRetentionDays: 30,
    objectLock: undefined,
    reservedConcurrency: true,
    unitBudgetMs: 720_000,
    mostGroups: 100,
    regionName: undefined,
    volumeKeys: [],
    emulator: false,
  } satisfies Options);
});

test("a value counts alike as text from the command line and as JSON from a file", () => {
  const asText = {
    retainOnDestroy: "false",
    objectLock: "30",
    logRetentionDays: "365",
    mostGroups: "12",
    emulator: "true",
  };
  const asJson = { retainOnDestroy: false, objectLock: 30, logRetentionDays: 365, mostGroups: 12, emulator: true };
  expect(readOptions(asText)).toEqual(readOptions(asJson));
  expect(readOptions({ objectLock: "false", vpc: "false" })).toEqual(readOptions({}));
  const listed = { vpc: "vpc-12345678", subnets: ["subnet-12345678", "subnet-87654321"] };
  expect(readOptions({ ...listed, subnets: "subnet-12345678, subnet-87654321" })).toEqual(readOptions(listed));
});

test.each([
  [{ name: "My-Name" }, '"name": must be 2 to 20 lower-case letters and digits'],
  [{ name: "two-words" }, '"name"'],
  [{ architecture: "x64" }, '"architecture": must be arm64 or x86_64; it is "x64"'],
  [{ retainOnDestroy: "no" }, '"retainOnDestroy": must be true or false; it is "no"'],
  [{ alarmEmail: "nobody" }, '"alarmEmail": must be an e-mail address'],
  [{ vpc: "true" }, '"vpc": must be false or a VPC'],
  [{ vpc: "vpc-12345678" }, '"subnets": is required with vpc'],
  [{ vpc: "vpc-12345678", subnets: "" }, '"subnets": must be subnet ids'],
  [{ subnets: "subnet-12345678" }, '"subnets": means nothing without vpc'],
  [{ logRetentionDays: "31" }, '"logRetentionDays": must be one of 1, 3, 5'],
  [{ objectLock: "0" }, '"objectLock": must be a whole number from 1'],
  [{ objectLock: "true" }, '"objectLock"'],
  [{ unitBudgetMs: "900000" }, '"unitBudgetMs": must be a whole number from 1 to 840000'],
  [{ mostGroups: "1.5" }, '"mostGroups"'],
  [{ mostGroups: "0" }, '"mostGroups": must be a whole number from 1 to 200'],
  [{ mostGroups: "201" }, '"mostGroups": must be a whole number from 1 to 200'],
  [{ volumeKeys: "alias/mine" }, '"volumeKeys": must be ARNs of KMS keys'],
])("%j is refused", (context, words) => {
  expect(refused(context)).toContain(words);
});

test("a misspelt option is refused and the known ones are named; what belongs to the CDK is left alone", () => {
  expect(refused({ retainOnDestory: "false" })).toMatch(
    /"retainOnDestory": is no option; known are name, architecture/,
  );
  expect(refused({ "holdfast:name": "a" })).toContain("options have no prefix");
  readOptions({ "@aws-cdk/core:newStyle": true, "aws:cdk:enable-path-metadata": true, "cli-telemetry": false });
});

test("mostGroups goes as far as a run can be cut, and no further", () => {
  expect(readOptions({ mostGroups: String(MOST_GROUPS) }).mostGroups).toBe(MOST_GROUPS);
  expect(refused({ mostGroups: String(MOST_GROUPS + 1) })).toContain('"mostGroups"');
});
