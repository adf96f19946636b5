/** Are people and machines told on AWS, whatever is in a notice and whichever channel is broken? */
import { Readable } from "node:stream";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { SNSClient } from "@aws-sdk/client-sns";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createAwsNotifier } from "../../../adapters/aws/sns-notifier.ts";
import type { Notice } from "../../../core/ports/notifier.ts";
import { notifierContract } from "../../contracts/notifier.ts";
import { offline, sentText, socketError, type WireRequest, type WireResponse } from "./wire.ts";

const TOPIC = "arn:aws:sns:eu-central-1:123456789012:holdfast";

function answer(statusCode: number, body: string): WireResponse {
  return { statusCode, headers: { "content-type": "text/xml" }, body: Readable.from([Buffer.from(body)]) };
}

interface Published {
  readonly subject: string;
  readonly message: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** An SNS Publish in AWS's query protocol: `MessageAttributes.entry.1.Name=severity&…`. */
function published(request: WireRequest): Published {
  const fields = new URLSearchParams(sentText(request));
  const attributes: Record<string, string> = {};
  for (let i = 1; fields.has(`MessageAttributes.entry.${i}.Name`); i++) {
    const entry = `MessageAttributes.entry.${i}`;
    attributes[fields.get(`${entry}.Name`) ?? ""] = fields.get(`${entry}.Value.StringValue`) ?? "";
  }
  return { subject: fields.get("Subject") ?? "", message: fields.get("Message") ?? "", attributes };
}

function open({ log, events }: { log?: (line: string) => void; events?: () => WireResponse } = {}) {
  const messages: Published[] = [];
  const entries: Record<string, string>[] = [];
  const lines: string[] = [];
  const broken = { people: false, machines: false };
  const sns = offline(SNSClient, {}, (request) => {
    if (broken.people) throw socketError("ECONNRESET");
    messages.push(published(request));
    return answer(200, "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>");
  });
  const bus = offline(EventBridgeClient, {}, (request) => {
    if (broken.machines) throw socketError("ECONNRESET");
    if (events !== undefined) return events();
    entries.push(...JSON.parse(sentText(request)).Entries);
    return answer(200, '{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}');
  });
  const notifier = createAwsNotifier({
    sns,
    topicArn: TOPIC,
    events: bus,
    busName: "ops",
    log: log ?? ((line) => lines.push(line)),
  });
  return { notifier, messages, entries, lines, broken };
}

const jsonOf = (message: Published): Notice => JSON.parse(JSON.parse(message.message).default);
const mailOf = (message: Published): string => JSON.parse(message.message).email;

for (const channel of ["SNS", "EventBridge"]) {
  notifierContract(`${channel} (answered by the test)`, () => {
    const { notifier, messages, entries, broken } = open();
    return {
      notifier,
      arrived: async () =>
        channel === "SNS" ? messages.map(jsonOf) : entries.map((entry) => JSON.parse(entry.Detail ?? "")),
      setBroken: (now) => Object.assign(broken, { people: now, machines: now }),
    };
  });
}

const notice: Notice = {
  severity: "critical",
  topic: "backup.failed",
  projectId: "p1",
  message: "Backup b1 failed: the disk is gone.",
  facts: { backupId: "b1", attempts: 2 },
};

describe("a notice", () => {
  test("is a readable mail with a subject, JSON for everything else, and attributes to filter by", async () => {
    const { notifier, messages } = open();
    await notifier.notify(notice);
    const [message] = messages;
    if (message === undefined) throw new Error("nothing arrived");
    expect(message.subject).toBe("Holdfast critical: backup.failed in p1");
    expect(mailOf(message)).toBe(
      "Backup b1 failed: the disk is gone.\n\ncritical: backup.failed\nproject: p1\n\n  backupId: b1\n  attempts: 2\n",
    );
    expect(message.attributes).toEqual({ severity: "critical", topic: "backup.failed", projectId: "p1" });
  });

  test("is an event of the bus that was named, for rules on source and detail-type", async () => {
    const { notifier, entries } = open();
    await notifier.notify(notice);
    expect(entries).toEqual([
      { Source: "holdfast", DetailType: "backup.failed", Detail: JSON.stringify(notice), EventBusName: "ops" },
    ]);
  });

  test("reaches the other channel when one is broken, and the log says which", async () => {
    for (const [channel, name] of [
      ["people", TOPIC],
      ["machines", "event bus ops"],
    ] as const) {
      const { notifier, messages, entries, lines, broken } = open();
      broken[channel] = true;
      await notifier.notify(notice);
      expect([messages.length, entries.length]).toEqual(channel === "people" ? [0, 1] : [1, 0]);
      expect(lines.map((line) => JSON.parse(line))).toEqual([
        {
          message: `notice backup.failed did not reach ${name}`,
          error: "Error",
          cause: expect.stringContaining("ECONNRESET"),
        },
      ]);
    }
  });

  test("that the bus refuses under status 200 is logged as lost", async () => {
    const refused =
      '{"FailedEntryCount":1,"Entries":[{"ErrorCode":"ThrottlingException","ErrorMessage":"Rate exceeded"}]}';
    const { notifier, lines } = open({ events: () => answer(200, refused) });
    await notifier.notify(notice);
    expect(lines.join()).toContain("ThrottlingException: Rate exceeded");
  });

  test("never throws, even when the log does, or when it cannot be written as JSON", async () => {
    const { notifier, broken } = open({
      log: () => {
        throw new Error("EPIPE");
      },
    });
    broken.people = true;
    await notifier.notify(notice);
    const odd = open();
    await odd.notifier.notify({ ...notice, facts: { size: 5n as unknown as number } });
    expect(odd.lines.join()).toContain("notice backup.failed did not reach any channel");
  });

  test("of any text fits what SNS and EventBridge take, and says when it was shortened", async () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc
        .constantFrom('"', "\\", "\u0001", "\u2028", "ä", "\ud83d", "😀", "x")
        .chain((unit) => fc.integer({ min: 0, max: 100_000 }).map((times) => unit.repeat(times))),
    );
    const any = fc.record({
      severity: fc.constantFrom("info", "warning", "critical"),
      topic: text,
      projectId: text,
      message: text,
      facts: fc.dictionary(fc.string({ maxLength: 8 }), text, { maxKeys: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(any, async (one) => {
        const { notifier, messages, entries, lines } = open();
        await notifier.notify(one as Notice);
        const [message] = messages;
        if (message === undefined) throw new Error(`nothing arrived: ${lines.join()}`);
        expect(message.subject).toMatch(/^H[\x20-\x7e]{1,98}$/);
        // docs.aws.amazon.com/sns/latest/api/API_Publish.html: 256 KB with the attributes.
        const attributes = Object.values(message.attributes).join("");
        expect(Buffer.byteLength(message.message + attributes)).toBeLessThan(200_000);
        const detail = entries[0]?.Detail ?? "";
        expect(Buffer.byteLength(detail)).toBeLessThanOrEqual(48 * 1024);
        expect(entries[0]?.DetailType?.length).toBeLessThanOrEqual(128);
        const told = jsonOf(message);
        expect(told).toEqual(JSON.parse(detail));
        if (told.facts.shortened === undefined) expect(told).toEqual(JSON.parse(JSON.stringify(one)));
      }),
      { numRuns: 60 },
    );
  });
});
