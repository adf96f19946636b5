/** Who looks after a deployment: alarms that tell people, and one page that shows how it goes. */
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  Metric,
  Stats,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { CfnSubscription, Topic } from "aws-cdk-lib/aws-sns";
import { Duration } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { FUNCTIONS } from "../../functions/aws/functions.ts";
import type { Options } from "../options.ts";
import { DeploymentStack } from "./deployment.ts";

/** When an alarm goes off: `sum` of a metric over periods. */
interface Trouble {
  readonly id: string;
  /** What happened, and what to do: it is all that the e-mail says. */
  readonly text: string;
  readonly metric: IMetric;
  readonly threshold?: number;
  readonly below?: boolean;
  /** Periods in a row, default 1. */
  readonly periods?: number;
  /** No figure is trouble as well. */
  readonly alsoSilence?: boolean;
}

const MINUTE = Duration.minutes(1);
const FIVE_MINUTES = Duration.minutes(5);

export class WatchStack extends DeploymentStack {
  constructor(
    scope: Construct,
    options: Options,
    props: { readonly apiId: string; readonly workflows: readonly string[] },
  ) {
    super(scope, options, "Watch", { description: "Holdfast: alarms and dashboard" });
    const topic = Topic.fromTopicArn(this, "topic", this.names.topicArn);
    for (const trouble of this.#troubles(props.apiId, props.workflows)) {
      new Alarm(this, trouble.id, {
        alarmName: `${options.name}-${trouble.id}`,
        alarmDescription: trouble.text,
        metric: trouble.metric,
        threshold: trouble.threshold ?? 1,
        evaluationPeriods: trouble.periods ?? 1,
        comparisonOperator: trouble.below
          ? ComparisonOperator.LESS_THAN_THRESHOLD
          : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: trouble.alsoSilence ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
      }).addAlarmAction(new SnsAction(topic));
    }
    if (options.alarmEmail !== undefined) {
      new CfnSubscription(this, "email", {
        topicArn: this.names.topicArn,
        protocol: "email",
        endpoint: options.alarmEmail,
        // Alarms have no attributes. What went well is for machines: a mail for each backup hides the one that matters.
        filterPolicy: { severity: ["warning", "critical", { exists: false }] },
      });
    }
    this.#dashboard(props.apiId, props.workflows);
  }

  #troubles(_apiId: string, workflows: readonly string[]): readonly Trouble[] {
    return [
      {
        id: "tick-silent",
        text: "The tick has not run for 5 minutes: nothing that is due starts. Look at the rule, its function and the function's reserved concurrency.",
        metric: this.#ofFunction("tick", "Invocations", MINUTE),
        below: true,
        periods: 5,
        alsoSilence: true,
      },
      {
        id: "tick-errors",
        text: "The tick failed 3 times in 5 minutes: see its log.",
        metric: this.#ofFunction("tick", "Errors"),
        threshold: 3,
      },
      {
        id: "sweep-errors",
        text: "The sweep failed: snapshots and volumes that nothing needs stay, and cost. See its log.",
        metric: this.#ofFunction("sweep", "Errors"),
      },
      {
        id: "api-errors",
        text: "The API failed: not a refusal, a defect or something that it needs is away. See the log of its function.",
        metric: this.#ofBackups("api_failures_total"),
      },
      {
        id: "api-throttles",
        text: "Calls of the API were refused because all of its reserved executions were busy: raise it, or find out who calls so often.",
        metric: this.#ofFunction("api", "Throttles"),
        threshold: 10,
      },
      {
        id: "dead-letters",
        text: "A call of the tick or of the sweep was given up: the queue holds its event. What was due runs with the next tick; empty the queue once the reason is known.",
        metric: this.#metric(
          "AWS/SQS",
          "ApproximateNumberOfMessagesVisible",
          { QueueName: this.names.deadLetters },
          Stats.MAXIMUM,
        ),
      },
      ...["Read", "Write"].map((kind) => ({
        id: `table-${kind.toLowerCase()}-throttles`,
        text: "DynamoDB throttled the table for 15 minutes: the account's table quota is reached, or one partition is hot.",
        metric: this.#ofTable(`${kind}ThrottleEvents`),
        threshold: 25,
        periods: 3,
      })),
      {
        id: "backups-failed",
        text: "A backup ended in an error: its task says why (GET operation-logs).",
        metric: this.#ofBackups("backups_total", "error"),
      },
      {
        id: "collections-failed",
        text: "A collection failed: nothing was deleted by guess, and nothing comes free until one succeeds. Its notice (collection.failed) says why.",
        // A collection that failed has an execution that succeeded: it recorded its failure. This task runs for nothing else.
        metric: this.#ofFunction("collect-fail", "Invocations"),
      },
      // Failed only: no machine has a time-out of its own, and who aborts an execution knows it.
      ...workflows.map((workflow) => ({
        id: `machine-${workflow}`,
        text: `An execution of ${workflow} failed before it could record an outcome: the tick ends its work within minutes. See the log of the machines.`,
        metric: this.#ofMachine(workflow, "ExecutionsFailed"),
      })),
    ];
  }

  #dashboard(apiId: string, workflows: readonly string[]): void {
    const graph = (title: string, left: readonly IMetric[]) => new GraphWidget({ title, left: [...left], width: 12 });
    const data = FUNCTIONS.filter(({ reserved }) => reserved === "transfer").map(({ name }) => name);
    const tasks = FUNCTIONS.filter(({ task }) => task !== undefined).map(({ name }) => name);
    new Dashboard(this, "dashboard", {
      dashboardName: this.names.dashboard,
      widgets: [
        [
          graph(
            "Backups",
            ["available", "error"].map((outcome) => this.#ofBackups("backups_total", outcome)),
          ),
          graph(
            "Bytes of backups",
            ["read", "changed", "stored"].map((kind) => this.#ofBackups(`backup_${kind}_bytes`)),
          ),
        ],
        [
          graph(
            "Data work at once (its limit is what EBS gives)",
            data.map((fn) => this.#ofFunction(fn, "ConcurrentExecutions")),
          ),
          graph(
            "Waiting for a turn",
            data.map((fn) => this.#ofFunction(fn, "Throttles")),
          ),
        ],
        [
          graph(
            "API calls",
            ["Count", "4xx", "5xx"].map((name) => this.#ofApi(apiId, name)),
          ),
          graph("API, milliseconds", [this.#ofApi(apiId, "Latency", "p50"), this.#ofApi(apiId, "Latency", "p99")]),
        ],
        [
          graph(
            "Errors of tasks (most are tried again)",
            tasks.map((fn) => this.#ofFunction(fn, "Errors")),
          ),
          graph(
            "Executions that failed",
            workflows.map((workflow) => this.#ofMachine(workflow, "ExecutionsFailed")),
          ),
        ],
        [
          graph("Tick, milliseconds", [this.#ofFunction("tick", "Duration")]),
          graph(
            "Table",
            ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"].map((name) => this.#ofTable(name)),
          ),
        ],
      ],
    });
  }

  #metric(
    namespace: string,
    metricName: string,
    dimensionsMap: Record<string, string>,
    statistic: string = Stats.SUM,
    period: Duration = FIVE_MINUTES,
  ): Metric {
    return new Metric({ namespace, metricName, dimensionsMap, statistic, period });
  }

  #ofFunction(fn: string, name: string, period?: Duration): Metric {
    const statistic = name === "ConcurrentExecutions" || name === "Duration" ? Stats.MAXIMUM : Stats.SUM;
    return this.#metric("AWS/Lambda", name, { FunctionName: this.names.function(fn) }, statistic, period);
  }

  #ofMachine(workflow: string, name: string): Metric {
    return this.#metric("AWS/States", name, { StateMachineArn: this.names.machineArn(workflow) });
  }

  #ofTable(name: string): Metric {
    return this.#metric("AWS/DynamoDB", name, { TableName: this.names.table });
  }

  #ofApi(apiId: string, name: string, statistic?: string): Metric {
    return this.#metric("AWS/ApiGateway", name, { ApiId: apiId, Stage: "$default" }, statistic);
  }

  /** The functions write these as lines of their logs (adapters/aws/emf-metrics.ts). */
  #ofBackups(name: string, outcome?: string): Metric {
    const dimensions = { service: this.names.name, ...(outcome !== undefined && { outcome }) };
    return this.#metric("Holdfast", name, dimensions);
  }
}
