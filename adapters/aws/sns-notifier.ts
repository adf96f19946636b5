/** How are people and machines told on AWS what happened? */
import { type EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { PublishCommand, type SNSClient } from "@aws-sdk/client-sns";
import type { Notice, Notifier } from "../../core/ports/notifier.ts";

/** Source of our events; rules match it. */
const SOURCE = "holdfast";
/** "Less than 100 characters": docs.aws.amazon.com/sns/latest/api/API_Publish.html, Subject. */
const SUBJECT_CHARACTERS = 99;
/**
 * Of a notice as JSON. SNS and EventBridge take 262,144 bytes with everything around it; in an SNS message the notice
 * stands twice, for people and machines, and quoting at most doubles each.
 */
const NOTICE_BYTES = 48 * 1024;
/** What is kept of a text of a notice that is too long. */
const CUT_CHARACTERS = 1024;
/** docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html, DetailType. */
const DETAIL_TYPE_CHARACTERS = 128;

export interface AwsNotifierOptions {
  readonly sns: SNSClient;
  /** People subscribe here by e-mail, machines by queue or function; filter policies match `severity` and `topic`. */
  readonly topicArn: string;
  readonly events: EventBridgeClient;
  /** Name or ARN. Default: the account's default bus. */
  readonly busName?: string;
  /** Told what could not be delivered, one line each. */
  readonly log: (line: string) => void;
}

/**
 * Each notice goes to an SNS topic and, as an event (source `holdfast`, detail-type = the notice's topic, detail = the
 * notice), to an EventBridge bus. A channel that fails is logged and never fails the other one or the work.
 * A notice of more than 48 KiB loses the ends of its texts, then its facts, and says so in the fact `shortened`.
 * Rights: sns:Publish on the topic, events:PutEvents on the bus.
 */
export function createAwsNotifier(options: AwsNotifierOptions): Notifier {
  const { sns, topicArn, events, busName, log } = options;

  async function tellPeople(notice: Notice): Promise<void> {
    await sns.send(
      new PublishCommand({
        TopicArn: topicArn,
        Subject: subjectOf(notice),
        MessageStructure: "json",
        Message: JSON.stringify({ default: JSON.stringify(notice), email: textOf(notice) }),
        MessageAttributes: attributesOf(notice),
      }),
    );
  }
  async function tellMachines(notice: Notice): Promise<void> {
    const entry = {
      Source: SOURCE,
      DetailType: notice.topic.slice(0, DETAIL_TYPE_CHARACTERS).toWellFormed(),
      Detail: JSON.stringify(notice),
      EventBusName: busName,
    };
    const { FailedEntryCount = 0, Entries = [] } = await events.send(new PutEventsCommand({ Entries: [entry] }));
    // Status 200 does not mean that the entry was taken.
    if (FailedEntryCount > 0) throw new Error(`${Entries[0]?.ErrorCode}: ${Entries[0]?.ErrorMessage}`);
  }
  async function attempt(channel: string, topic: string, tell: () => Promise<void>): Promise<void> {
    try {
      await tell();
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      report(JSON.stringify({ message: `notice ${topic} did not reach ${channel}`, error: name, cause: message }));
    }
  }
  function report(line: string): void {
    try {
      log(line);
    } catch {
      // Nothing is left to tell it to, and the work that reports must go on.
    }
  }
  return {
    async notify(whole) {
      const { topic } = whole;
      await attempt("any channel", topic, async () => {
        const notice = fitting(whole);
        await Promise.all([
          attempt(topicArn, topic, () => tellPeople(notice)),
          attempt(`event bus ${busName ?? "default"}`, topic, () => tellMachines(notice)),
        ]);
      });
    },
  };
}

/** For a mailbox: `Holdfast critical: backup.failed in p1`. ASCII without line breaks, as SNS demands. */
function subjectOf({ severity, topic, projectId }: Notice): string {
  const text = `Holdfast ${severity}: ${topic} in ${projectId}`;
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, SUBJECT_CHARACTERS);
}

/** For a person who reads mail. */
function textOf({ severity, topic, projectId, message, facts }: Notice): string {
  const lines = Object.entries(facts).map(([name, value]) => `  ${name}: ${value}`);
  const head = `${message}\n\n${severity}: ${topic}\nproject: ${projectId}\n`;
  return lines.length === 0 ? head : `${head}\n${lines.join("\n")}\n`;
}

/** SNS refuses empty values, and the SDK half characters. */
function attributesOf({ severity, topic, projectId }: Notice) {
  const all = Object.entries({ severity, topic, projectId }).filter(([, value]) => value !== "");
  return Object.fromEntries(
    all.map(([name, value]) => [name, { DataType: "String", StringValue: value.toWellFormed() }]),
  );
}

function fitting(notice: Notice): Notice {
  if (bytesIn(notice) <= NOTICE_BYTES) return notice;
  const facts = Object.fromEntries(
    Object.entries(notice.facts).map(([name, value]) => [name, typeof value === "string" ? cut(value) : value]),
  );
  const { severity, topic, projectId, message } = notice;
  const texts = { severity, topic: cut(topic), projectId: cut(projectId), message: cut(message) };
  const shorter = { ...texts, facts: { ...facts, shortened: true } };
  return bytesIn(shorter) <= NOTICE_BYTES ? shorter : { ...texts, facts: { shortened: true } };
}

function cut(text: string): string {
  return text.length <= CUT_CHARACTERS ? text : `${text.slice(0, CUT_CHARACTERS).toWellFormed()}…`;
}

function bytesIn(notice: Notice): number {
  return Buffer.byteLength(JSON.stringify(notice));
}
