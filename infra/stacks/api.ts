/** What do clients talk to: one HTTP API, every path of which goes to one function. */

import { AccessLogFormat } from "aws-cdk-lib/aws-apigateway";
import { HttpApi, HttpStage, LogGroupLogDestination } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { Function as Lambda } from "aws-cdk-lib/aws-lambda";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { CfnOutput, RemovalPolicy } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import type { Options } from "../options.ts";
import { DeploymentStack } from "./deployment.ts";

/** Requests a second, and at once: what the function's 20 reserved executions answer (infra/concurrency.ts). */
const THROTTLE = { rateLimit: 200, burstLimit: 100 };

/** Who asked for what and how it went. No header, no query: signatures and tokens are in both. */
const LOGGED = {
  requestId: "$context.requestId",
  time: "$context.requestTime",
  ip: "$context.identity.sourceIp",
  method: "$context.httpMethod",
  path: "$context.path",
  status: "$context.status",
  bytes: "$context.responseLength",
  ms: "$context.responseLatency",
  functionMs: "$context.integrationLatency",
  error: "$context.integrationErrorMessage",
};

export class ApiStack extends DeploymentStack {
  readonly apiId: string;

  constructor(scope: Construct, options: Options) {
    super(scope, options, "Api", { description: "Holdfast: the HTTP API" });
    const handler = Lambda.fromFunctionAttributes(this, "handler", {
      functionArn: this.names.functionArn("api"),
      sameEnvironment: true,
    });
    // No CORS: clients are SDKs and command lines. The `$default` route, because routing, errors and the identity calls are
    // the handler's, on both hosts.
    const api = new HttpApi(this, "api", {
      apiName: options.name,
      description: `Holdfast ${options.name}`,
      defaultIntegration: new HttpLambdaIntegration("integration", handler),
      createDefaultStage: false,
    });
    new HttpStage(this, "stage", {
      httpApi: api,
      stageName: "$default",
      autoDeploy: true,
      throttle: THROTTLE,
      accessLogSettings: {
        destination: new LogGroupLogDestination(
          new LogGroup(this, "access-logs", {
            logGroupName: this.names.accessLogs,
            retention: options.logRetentionDays as RetentionDays,
            removalPolicy: RemovalPolicy.DESTROY,
          }),
        ),
        format: AccessLogFormat.custom(JSON.stringify(LOGGED)),
      },
    });
    this.apiId = api.apiId;
    new CfnOutput(this, "ApiId", { value: api.apiId });
    new CfnOutput(this, "ApiUrl", { value: api.apiEndpoint });
  }
}
