/** The scenarios that every host must pass, on the deployed stacks; test/e2e runs the same ones on one machine. */
import {
  GetExecutionHistoryCommand,
  paginateListExecutions,
  paginateListStateMachines,
  SFNClient,
} from "@aws-sdk/client-sfn";
import { describe, expect, inject, test, vi } from "vitest";
import { scenarios } from "../e2e/scenarios/all.ts";
import { openAwsHost } from "./aws-host.ts";
import { sharedDeployment } from "./deploy.ts";

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

describe.skipIf(inject("aws").kind !== "emulators")("on emulated AWS (a guest's writes need the emulator)", () => {
  scenarios("AWS", async () => openAwsHost(await sharedDeployment()));

  test("a unit whose time is up goes on where it stopped: disks of several leaves took several calls each", async () => {
    const sfn = new SFNClient();
    const { name } = await sharedDeployment();
    const counts = [];
    for await (const { stateMachines } of paginateListStateMachines({ client: sfn }, {}))
      for (const { stateMachineArn, name: machine } of stateMachines ?? [])
        if (machine === `${name}-backup-group`)
          for await (const { executions } of paginateListExecutions({ client: sfn }, { stateMachineArn }))
            for (const { executionArn } of executions ?? []) counts.push(await transfersOf(sfn, executionArn));
    // The disk of 2 GiB has four leaves, and the budget is over after each.
    expect(Math.max(...counts)).toBeGreaterThanOrEqual(3);
  });
});

/** How often an execution entered its `Transfer` state. */
async function transfersOf(sfn: SFNClient, executionArn: string | undefined): Promise<number> {
  const { events } = await sfn.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1_000 }));
  return (events ?? []).filter(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name === "Transfer").length;
}
