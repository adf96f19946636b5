/** Does the Step Functions adapter keep the Workflows contract on the AWS under test? */
import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CreateFunctionCommand, DeleteFunctionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  ExecutionStatus,
  SFNClient,
} from "@aws-sdk/client-sfn";
import { describe, expect, inject, it } from "vitest";
import { createStepFunctions } from "../../adapters/aws/step-functions.ts";
import type { JsonObject } from "../../core/ports/record-store.ts";
import { contractDefinition, type WorkflowsHarness, workflowsContract } from "../contracts/workflows.ts";
import { EMULATED_ACCOUNT } from "../support/emulators/start.ts";
import { zipOf } from "../support/zip.ts";

const aws = inject("aws");
const role = `arn:aws:iam::${EMULATED_ACCOUNT}:role/any`;

/** The machine's task is a function that asks this process to act. */
const TASK = `exports.handler = async (event) => {
  const answer = await fetch(process.env.ACT_URL, { method: "POST", body: JSON.stringify(event) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
};`;

/** Answers every POST with what `act` makes of it. */
async function actServer(act: (input: JsonObject) => Promise<JsonObject>): Promise<Server> {
  const server = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      try {
        response.end(JSON.stringify(await act(JSON.parse(Buffer.concat(parts).toString()) as JsonObject)));
      } catch (error) {
        response.writeHead(500).end(String(error));
      }
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

async function open(act: (input: JsonObject) => Promise<JsonObject>): Promise<WorkflowsHarness> {
  const server = await actServer(act);
  const lambda = new LambdaClient();
  const sfn = new SFNClient();
  const name = `hf${randomUUID().slice(0, 8)}`;
  const { FunctionArn = "" } = await lambda.send(
    new CreateFunctionCommand({
      FunctionName: `${name}-act`,
      Runtime: "nodejs24.x",
      Handler: "index.handler",
      Role: role,
      Code: { ZipFile: zipOf("index.js", TASK) },
      Environment: { Variables: { ACT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` } },
      Timeout: 25,
    }),
  );
  const definition = JSON.stringify(contractDefinition).replace(/\$\{delete-backup\.act\}/, FunctionArn);
  const { stateMachineArn = "" } = await sfn.send(
    new CreateStateMachineCommand({ name: `${name}-delete-backup`, definition, roleArn: role }),
  );
  const executions = stateMachineArn.replace(":stateMachine:", ":execution:");
  return {
    workflows: createStepFunctions({ client: sfn, machines: stateMachineArn.replace(/delete-backup$/, "") }),
    async ended(execution) {
      const look = async () => {
        const executionArn = `${executions}:${execution}`;
        return (await sfn.send(new DescribeExecutionCommand({ executionArn }))).status;
      };
      await expect.poll(look, { timeout: 60_000 }).not.toBe(ExecutionStatus.RUNNING);
    },
    async close() {
      await sfn.send(new DeleteStateMachineCommand({ stateMachineArn }));
      await lambda.send(new DeleteFunctionCommand({ FunctionName: `${name}-act` }));
      server.close();
      server.closeAllConnections();
    },
  };
}

// A real account's functions cannot call this process; what it does with names is in test/adapters/aws/step-functions.test.ts.
if (aws.kind === "emulators") workflowsContract("Step Functions", open);
else
  describe("Step Functions", () => {
    it.skip("needs emulators: a real account's functions cannot call this process", () => undefined);
  });
