/** What do all Lambda functions of the host have around them? Log lines that name the request, and metrics that get out. */
import { Logger } from "@aws-lambda-powertools/logger";
import { injectLambdaContext } from "@aws-lambda-powertools/logger/middleware";
import middy from "@middy/core";
import { createEmfMetrics } from "../../../adapters/aws/emf-metrics.ts";
import { variable } from "../env.ts";
import type { Host } from "../services.ts";
import { callLog } from "./call-log.ts";

/** The part of a Lambda context that we read. */
export interface LambdaContext {
  readonly awsRequestId: string;
  readonly functionName: string;
  getRemainingTimeInMillis(): number;
}

/** A Lambda function. */
export type LambdaHandler = (event: unknown, context: LambdaContext) => Promise<unknown>;

/**
 * Builds a function. `prepare` runs once per process, at the first call: an error there is the call's error and is tried
 * again at the next one, instead of a process that cannot start.
 */
export function lambda(
  prepare: (host: Host) => (event: unknown, context: LambdaContext) => Promise<unknown>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): LambdaHandler {
  const logger = new Logger({ serviceName: env.HOLDFAST_NAME ?? "holdfast" });
  const metrics = createEmfMetrics({
    namespace: "Holdfast",
    labels: { service: env.HOLDFAST_NAME ?? "" },
    // Not through the logger: CloudWatch reads metrics from lines that are nothing else.
    write: (line) => void process.stdout.write(`${line}\n`),
  });
  const host: Host = {
    variable: (name) => variable(env, name),
    onCall: callLog(env),
    log: ({ level, text, ...facts }) => logger[level](text, facts),
    metrics,
  };
  let run: ReturnType<typeof prepare> | undefined;
  const handler = middy({ timeoutEarlyInMillis: 0 })
    .use(injectLambdaContext(logger))
    .use({ after: () => metrics.flush(), onError: () => metrics.flush() })
    .handler(async (event: unknown, context: LambdaContext) => {
      run ??= prepare(host);
      return run(event, context);
    });
  return (event, context) => handler(event, context as never) as Promise<unknown>;
}
