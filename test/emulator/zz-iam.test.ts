/** Do the policies allow what the functions called in all the tests before this one, and little more? */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { FUNCTIONS } from "../../functions/aws/functions.ts";
import { compareCalls, type RecordedCall } from "../../infra/compare-calls.ts";
import { namesOf } from "../../infra/names.ts";
import { policyOf } from "../../infra/policies/policies.ts";
import { UNUSED } from "../../infra/policies/unused.ts";

const file = join(inject("aws").logs, "calls.jsonl");
const PLACE = { partition: "aws", region: "us-east-1", account: "000000000000", urlSuffix: "amazonaws.com" };

/** The actions that each function is allowed, as the stacks give them. */
const policies = (): Record<string, readonly string[]> => {
  const scope = {
    names: namesOf("holdfast", PLACE),
    keyArn: "arn:aws:kms:us-east-1:000000000000:key/1",
    volumeKeys: [],
  };
  return Object.fromEntries(
    FUNCTIONS.map(({ name }) => [name, policyOf(name, scope).flatMap(({ actions }) => actions)]),
  );
};

/** Calls of deployed functions; adapters called by the tests themselves have no function. */
const recorded = (): readonly RecordedCall[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as RecordedCall)
    .filter((call) => call.function !== "");

// On a real account the functions' calls are not written down here. Alone, it has nothing to compare: run all of the folder.
test.skipIf(inject("aws").kind !== "emulators" || (!existsSync(file) && process.env.CI !== "true"))(
  "every call that was recorded is allowed to its function, and what is allowed and was not called has a reason that holds",
  () => {
    const calls = recorded();
    expect(new Set(calls.map((call) => call.function)).size, "functions that were called").toBeGreaterThan(15);
    expect(compareCalls(calls, policies(), UNUSED)).toEqual({ missing: [], unexplained: [], stale: [] });
  },
);
