/** What does the work: functions, state machines, the clock, and the topic that tells people. */
import { Peer, Port, SecurityGroup, Vpc } from "aws-cdk-lib/aws-ec2";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { Architecture, Code, type FunctionProps, Function as Lambda, Runtime } from "aws-cdk-lib/aws-lambda";
import { SqsDestination } from "aws-cdk-lib/aws-lambda-destinations";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { Topic } from "aws-cdk-lib/aws-sns";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { DefinitionBody, LogLevel, StateMachine } from "aws-cdk-lib/aws-stepfunctions";
import { CfnOutput, Duration, RemovalPolicy } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { FUNCTIONS, type FunctionSpec } from "../../functions/aws/functions.ts";
import { reservedFor } from "../concurrency.ts";
import { environmentOf } from "../environment.ts";
import { fillDefinitions } from "../machines/definition.ts";
import { machinePolicy } from "../machines/role.ts";
import { workflowSources } from "../machines/sources.ts";
import type { Options } from "../options.ts";
import { networkInterfaces } from "../policies/network.ts";
import { policyOf } from "../policies/policies.ts";
import { DeploymentStack } from "./deployment.ts";
import { roleOf } from "./role.ts";
import { onlyTls } from "./tls.ts";

/** The folder with the code of a function. */
export type CodeOf = (spec: FunctionSpec, bootstrap: boolean) => string;

export class ComputeStack extends DeploymentStack {
  readonly #keyArn: string;
  readonly #deadLetters: Queue;
  readonly #network: Pick<FunctionProps, "vpc" | "vpcSubnets" | "securityGroups">;

  constructor(scope: Construct, options: Options, props: { readonly keyArn: string; readonly codeOf: CodeOf }) {
    super(scope, options, "Compute", { description: "Holdfast: functions, state machines, clock and notices" });
    this.#keyArn = props.keyArn;
    this.#deadLetters = this.#queue();
    this.#network = this.#inVpc();
    const topic = this.#topic();
    const functions = new Map(FUNCTIONS.map((spec) => [spec.name, this.#function(spec, props.codeOf)]));
    this.#machines();
    this.#every("tick", Duration.minutes(1), functions.get("tick"));
    this.#every("sweep", Duration.hours(1), functions.get("sweep"));
    new CfnOutput(this, "AdminFunction", { value: this.names.function("admin") });
    new CfnOutput(this, "TopicArn", { value: topic.topicArn });
  }

  #function(spec: FunctionSpec, codeOf: CodeOf): Lambda {
    const { names, options } = this;
    const id = spec.name;
    const bootstrap = options.emulator && spec.task !== undefined;
    const reserved = options.reservedConcurrency ? reservedFor(spec) : undefined;
    const logGroup = new LogGroup(this, `${id}-logs`, {
      logGroupName: names.functionLogs(spec.name),
      retention: options.logRetentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = roleOf(this, `${id}-role`, {
      name: names.role(spec.name),
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      statements: [
        ...policyOf(spec.name, { names, keyArn: this.#keyArn, volumeKeys: options.volumeKeys }),
        ...(options.vpc === undefined ? [] : networkInterfaces(names, spec.name, options.vpc.subnets)),
      ],
    });
    return new Lambda(this, id, {
      functionName: names.function(spec.name),
      description: spec.task === undefined ? `Holdfast ${spec.name}` : `Holdfast task ${spec.task}`,
      runtime: bootstrap ? Runtime.PROVIDED_AL2023 : Runtime.NODEJS_24_X,
      architecture: options.architecture === "arm64" ? Architecture.ARM_64 : Architecture.X86_64,
      handler: "index.handler",
      code: Code.fromAsset(codeOf(spec, bootstrap)),
      memorySize: spec.memoryMb,
      timeout: Duration.seconds(spec.timeoutSeconds),
      environment: { ...environmentOf(spec, { names, keyArn: this.#keyArn, options }) },
      role,
      logGroup,
      ...(reserved !== undefined && { reservedConcurrentExecutions: reserved }),
      ...this.#network,
    });
  }

  #machines(): void {
    const { names, options } = this;
    const tasks = new Map(FUNCTIONS.flatMap(({ name, task }) => (task === undefined ? [] : [[task, name] as const])));
    const functionOf = (task: string): string => names.functionArn(tasks.get(task) ?? task);
    const sources = workflowSources();
    const destination = new LogGroup(this, "machine-logs", {
      logGroupName: names.machineLogs,
      retention: options.logRetentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const definitions = fillDefinitions(sources, {
      functions: Object.fromEntries([...tasks.keys()].map((task) => [task, functionOf(task)])),
      machines: Object.fromEntries(Object.keys(sources).map((workflow) => [workflow, names.machineArn(workflow)])),
    });
    for (const [workflow, definition] of Object.entries(definitions)) {
      new StateMachine(this, `machine-${workflow}`, {
        stateMachineName: names.machine(workflow),
        definitionBody: DefinitionBody.fromString(definition.text),
        role: roleOf(this, `machine-${workflow}-role`, {
          name: names.role(`machine-${workflow}`),
          assumedBy: new ServicePrincipal("states.amazonaws.com", {
            conditions: { StringEquals: { "aws:SourceAccount": this.account } },
          }),
          statements: machinePolicy(names, definition, functionOf),
        }),
        // States hold ids and counts, and a log of every state of every group would cost more than the work.
        logs: { destination, level: LogLevel.ERROR, includeExecutionData: false },
      });
    }
  }

  /** A missed call is only late: the next one does its work. What failed is left in the queue, where an alarm sees it. */
  #every(what: "tick" | "sweep", interval: Duration, fn: Lambda | undefined): void {
    if (fn === undefined) throw new TypeError(`functions/aws/functions.ts has no ${what}`);
    fn.configureAsyncInvoke({
      maxEventAge: interval,
      retryAttempts: 0,
      onFailure: new SqsDestination(this.#deadLetters),
    });
    new Rule(this, `${what}-rule`, {
      ruleName: this.names.rule(what),
      description: `Holdfast ${this.options.name}: ${what}`,
      schedule: Schedule.rate(interval),
      targets: [
        new LambdaFunction(fn, { retryAttempts: 0, maxEventAge: interval, deadLetterQueue: this.#deadLetters }),
      ],
    });
  }

  #queue(): Queue {
    const queue = new Queue(this, "dead-letters", {
      queueName: this.names.deadLetters,
      encryption: QueueEncryption.SQS_MANAGED,
      retentionPeriod: Duration.days(14),
    });
    // SQS allows seven actions in a statement; these are all that carry messages or settings.
    queue.addToResourcePolicy(
      onlyTls(
        [
          "sqs:SendMessage",
          "sqs:ReceiveMessage",
          "sqs:DeleteMessage",
          "sqs:ChangeMessageVisibility",
          "sqs:PurgeQueue",
          "sqs:GetQueueAttributes",
          "sqs:SetQueueAttributes",
        ],
        queue.queueArn,
      ),
    );
    return queue;
  }

  #topic(): Topic {
    const topic = new Topic(this, "topic", {
      topicName: this.names.topic,
      displayName: `Holdfast ${this.options.name}`,
      masterKey: Key.fromKeyArn(this, "key", this.#keyArn),
      enforceSSL: true,
    });
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
        actions: ["sns:Publish"],
        resources: [topic.topicArn],
        conditions: { StringEquals: { "aws:SourceAccount": this.account } },
      }),
    );
    return topic;
  }

  /** Nothing is looked up: synthesis needs no credentials. */
  #inVpc(): Pick<FunctionProps, "vpc" | "vpcSubnets" | "securityGroups"> {
    const { vpc: chosen } = this.options;
    if (chosen === undefined) return {};
    const vpc = Vpc.fromVpcAttributes(this, "vpc", {
      vpcId: chosen.id,
      availabilityZones: chosen.subnets.map((_, i) => `zone-${i}`),
      privateSubnetIds: [...chosen.subnets],
    });
    const group = new SecurityGroup(this, "functions-group", {
      vpc,
      description: `Holdfast ${this.options.name}: functions speak HTTPS to AWS, nobody speaks to them`,
      allowAllOutbound: false,
    });
    group.addEgressRule(Peer.anyIpv4(), Port.tcp(443), "HTTPS to AWS");
    return { vpc, vpcSubnets: { subnets: vpc.privateSubnets }, securityGroups: [group] };
  }
}
