/** How is one setting of a deployed function or workflow another one for a while? */
import {
  DeleteFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { DescribeStateMachineCommand, SFNClient, UpdateStateMachineCommand } from "@aws-sdk/client-sfn";

/** A function that ends after so many seconds. */
export async function withTimeout<T>(FunctionName: string, seconds: number, work: () => Promise<T>): Promise<T> {
  const lambda = new LambdaClient();
  const { Timeout } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: seconds }));
  try {
    return await work();
  } finally {
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout }));
  }
}

/** A function that cannot be called. */
export async function withoutFunction<T>(FunctionName: string, work: () => Promise<T>): Promise<T> {
  const lambda = new LambdaClient();
  await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }));
  try {
    return await work();
  } finally {
    await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
  }
}

/** A workflow of which one state says something else, as `{ TimeoutSeconds: 6 }`; running executions keep what they have. */
export async function withState<T>(
  stateMachineArn: string,
  state: string,
  change: object,
  work: () => Promise<T>,
): Promise<T> {
  const sfn = new SFNClient();
  const { definition = "{}" } = await sfn.send(new DescribeStateMachineCommand({ stateMachineArn }));
  const changed = JSON.parse(definition) as { States: Record<string, object> };
  if (changed.States[state] === undefined) throw new Error(`${stateMachineArn} has no state ${state}`);
  changed.States[state] = { ...changed.States[state], ...change };
  await sfn.send(new UpdateStateMachineCommand({ stateMachineArn, definition: JSON.stringify(changed) }));
  try {
    return await work();
  } finally {
    await sfn.send(new UpdateStateMachineCommand({ stateMachineArn, definition }));
  }
}
