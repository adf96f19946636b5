/** Do notices come out of an emulated SNS and EventBridge as they went in? */
import { randomUUID } from "node:crypto";
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { describe, expect, inject, test } from "vitest";
import { createAwsNotifier } from "../../adapters/aws/sns-notifier.ts";
import type { Notice } from "../../core/ports/notifier.ts";
import { notifierContract } from "../contracts/notifier.ts";

const aws = inject("aws");

/** SQS in its JSON protocol, unsigned: emulators do not ask for a signature, and no client is needed for one test. */
async function sqs(operation: string, body: object): Promise<Record<string, unknown>> {
  const answer = await fetch(aws.aws ?? "", {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `AmazonSQS.${operation}`,
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${process.env.AWS_REGION}/sqs/aws4_request`,
    },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Record<string, unknown>;
}

interface Queue {
  readonly arn: string;
  /** Takes all messages that are there. */
  take(): Promise<readonly Record<string, unknown>[]>;
}

async function newQueue(name: string): Promise<Queue> {
  const { QueueUrl } = await sqs("CreateQueue", { QueueName: name });
  const asked = await sqs("GetQueueAttributes", { QueueUrl, AttributeNames: ["QueueArn"] });
  return {
    arn: (asked.Attributes as { readonly QueueArn: string }).QueueArn,
    async take() {
      const found: Record<string, unknown>[] = [];
      for (;;) {
        const { Messages = [] } = await sqs("ReceiveMessage", { QueueUrl, MaxNumberOfMessages: 10 });
        const messages = Messages as { readonly Body: string; readonly ReceiptHandle: string }[];
        for (const { Body, ReceiptHandle } of messages) {
          found.push(JSON.parse(Body));
          await sqs("DeleteMessage", { QueueUrl, ReceiptHandle });
        }
        if (messages.length === 0) return found;
      }
    },
  };
}

/** A topic and a bus rule with a queue each; `policy` filters the topic's. */
async function deploy(policy?: object) {
  const id = randomUUID();
  const sns = new SNSClient();
  const events = new EventBridgeClient();
  const [people, machines] = [await newQueue(`people-${id}`), await newQueue(`machines-${id}`)];
  const { TopicArn: topicArn = "" } = await sns.send(new CreateTopicCommand({ Name: `notices-${id}` }));
  const Attributes = policy === undefined ? {} : { FilterPolicy: JSON.stringify(policy) };
  await sns.send(new SubscribeCommand({ TopicArn: topicArn, Protocol: "sqs", Endpoint: people.arn, Attributes }));
  // The default bus is shared by all tests: each has a project of its own.
  const EventPattern = JSON.stringify({ source: ["holdfast"], detail: { projectId: [id] } });
  await events.send(new PutRuleCommand({ Name: `rule-${id}`, EventPattern }));
  await events.send(new PutTargetsCommand({ Rule: `rule-${id}`, Targets: [{ Id: "1", Arn: machines.arn }] }));
  return { id, sns, events, topicArn, people, machines };
}

function refuse(client: SNSClient | EventBridgeClient, broken: () => boolean): void {
  (client as SNSClient).middlewareStack.add(
    (next) => async (args) => {
      if (broken()) throw new Error("planned: nothing can be delivered");
      return next(args);
    },
    { step: "initialize", name: "planned" },
  );
}

describe.skipIf(aws.kind !== "emulators")("notices (their way out is read through an unsigned queue)", () => {
  for (const channel of ["SNS", "EventBridge"] as const) {
    notifierContract(channel, () => {
      const ready = deploy();
      let broken = false;
      const own = ready.then((there) => {
        for (const client of [there.sns, there.events]) refuse(client, () => broken);
        return createAwsNotifier({ ...there, log: () => undefined });
      });
      const projects = new Map<string, string>();
      return {
        notifier: {
          notify: async (notice) => {
            const { id } = await ready;
            projects.set(id, notice.projectId);
            await (await own).notify({ ...notice, projectId: id });
          },
        },
        arrived: async () => {
          const { people, machines } = await ready;
          const found: Notice[] =
            channel === "SNS"
              ? (await people.take()).map(({ Message }) => JSON.parse(Message as string))
              : (await machines.take()).map(({ detail }) => detail as Notice);
          return found.map((one) => ({ ...one, projectId: projects.get(one.projectId) ?? one.projectId }));
        },
        setBroken: (now) => {
          broken = now;
        },
      };
    });
  }

  const notice: Notice = { severity: "info", topic: "backup.done", projectId: "", message: "done", facts: {} };

  test("an event has our source, and the notice's topic as its type", async () => {
    const { id, machines, ...channels } = await deploy();
    await createAwsNotifier({ ...channels, log: () => undefined }).notify({ ...notice, projectId: id });
    expect(await machines.take()).toMatchObject([{ source: "holdfast", "detail-type": "backup.done" }]);
  });

  test("subscribers get only the severities that they ask for", async () => {
    const { id, people, ...channels } = await deploy({ severity: ["critical"] });
    const notifier = createAwsNotifier({ ...channels, log: () => undefined });
    for (const severity of ["info", "critical", "warning"] as const)
      await notifier.notify({ ...notice, severity, projectId: id });
    expect(await people.take()).toMatchObject([{ Subject: `Holdfast critical: backup.done in ${id}` }]);
  });

  test("a topic that is not there is logged, the event still goes out", async () => {
    const { id, machines, topicArn, ...channels } = await deploy();
    const lines: string[] = [];
    const gone = `${topicArn}-gone`;
    const notifier = createAwsNotifier({ ...channels, topicArn: gone, log: (line) => lines.push(line) });
    await notifier.notify({ ...notice, projectId: id });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`notice backup.done did not reach ${gone}`);
    expect(await machines.take()).toHaveLength(1);
  });
});
