/** Which AWS do the tests of this folder run against? Emulators, started once for all of them, unless told otherwise. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { javaProblem } from "../support/emulators/java.ts";
import { type EmulatorAddresses, startEmulators } from "../support/emulators/start.ts";

/** What `inject("aws")` answers. */
export interface AwsUnderTest extends EmulatorAddresses {
  /**
   * `emulators`: ours. `given`: what the caller's environment names, LocalStack or a real account
   * (`HOLDFAST_AWS_TESTS=real`); no address is known then, the SDK finds its own.
   */
  readonly kind: "emulators" | "given";
  /** Why DynamoDB Local does not run here, when it does not. */
  readonly noDynamodbLocal?: string;
}

/** Starts them and hands their addresses on; the function returned ends them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const asked = process.env.HOLDFAST_AWS_TESTS ?? "";
  if (asked === "real") {
    // Stays: it holds the credentials of what the tests deployed there.
    const logs = mkdtempSync(join(tmpdir(), "holdfast-aws-tests-"));
    console.info(`outputs and credentials of deployments are kept in ${logs}`);
    project.provide("aws", { kind: "given", env: {}, logs });
    return async () => undefined;
  }
  if (asked !== "") throw new Error(`HOLDFAST_AWS_TESTS must be "real" or not set; it is "${asked}"`);
  const problem = await javaProblem();
  // A hole must not look like a pass: only outside CI may the strict judge be missing.
  if (problem !== undefined && process.env.CI === "true") throw new Error(problem);
  const { stop, ...addresses } = await startEmulators({
    ministack: true,
    moto: true,
    faults: true,
    dynamodbLocal: problem === undefined,
  });
  project.provide("aws", {
    kind: "emulators",
    ...addresses,
    ...(problem !== undefined && { noDynamodbLocal: problem }),
  });
  return stop;
}
