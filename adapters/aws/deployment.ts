/** Where is a deployment, and how is its admin function called? For an operator's machine. */
import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { asOperator, type OperatorAccess, OperatorRefused, operatorClient } from "./operator.ts";

/** What a deployment's stacks tell of it. */
export interface Deployment {
  /** Without a slash at the end. */
  readonly url: string;
  readonly adminFunction: string;
}

/** The function has 50 s; a client that gives up sooner would lose the only answer. */
const ANSWER_MS = 60_000;

/**
 * Reads the outputs `AdminFunction` of `<Name>Compute` and `ApiUrl` of `<Name>Api`.
 * Rights: cloudformation:DescribeStacks. @throws OperatorRefused
 */
export async function findDeployment(access: OperatorAccess, name: string): Promise<Deployment> {
  const client = new CloudFormationClient(operatorClient(access));
  const stack = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  try {
    const adminFunction = await output(client, `${stack}Compute`, "AdminFunction");
    return { url: (await output(client, `${stack}Api`, "ApiUrl")).replace(/\/$/, ""), adminFunction };
  } finally {
    client.destroy();
  }
}

async function output(client: CloudFormationClient, stack: string, key: string): Promise<string> {
  const where = async (): Promise<string> => String(await client.config.region());
  const { Stacks = [] } = await asOperator(`cloudformation:DescribeStacks on ${stack}`, async () => {
    try {
      return await client.send(new DescribeStacksCommand({ StackName: stack }));
    } catch (error) {
      // ValidationError is all that CloudFormation calls it.
      if (error instanceof Error && /does not exist/.test(error.message))
        throw new OperatorRefused(
          `there is no stack ${stack} in ${await where()}: is it deployed there, under this name?`,
        );
      throw error;
    }
  });
  const found = Stacks[0]?.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue;
  if (found !== undefined) return found;
  const status = Stacks[0]?.StackStatus ?? "unknown";
  throw new OperatorRefused(`stack ${stack} in ${await where()} has no output ${key}; its status is ${status}`);
}

/**
 * Calls the function once and gives its answer; never a second time by itself, since the first may have been heard.
 * Rights: lambda:InvokeFunction. @throws OperatorRefused
 */
export async function invokeAdmin(access: OperatorAccess, functionName: string, request: object): Promise<unknown> {
  const client = new LambdaClient({
    ...operatorClient(access),
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 10_000, socketTimeout: ANSWER_MS },
  });
  try {
    const { FunctionError, Payload } = await asOperator(`lambda:InvokeFunction on ${functionName}`, () =>
      client.send(new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify(request)) })),
    );
    const answer: unknown = JSON.parse(Buffer.from(Payload ?? []).toString() || "null");
    if (FunctionError === undefined) return answer;
    const { errorType = FunctionError, errorMessage = "" } = answer as { errorType?: string; errorMessage?: string };
    throw new OperatorRefused(`the function ${functionName} failed: ${errorType}: ${errorMessage}`);
  } finally {
    client.destroy();
  }
}
