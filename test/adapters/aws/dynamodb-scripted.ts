/** A real DynamoDB client whose answers a test writes down beforehand. */
import { Readable } from "node:stream";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createDynamoRecords } from "../../../adapters/aws/dynamodb-records.ts";
import type { RecordStore } from "../../../core/ports/record-store.ts";
import { offline, type WireRequest, type WireResponse } from "./wire.ts";

/** A request as it goes over the wire: `PutItem` and its JSON. */
export interface Sent {
  readonly operation: string;
  // biome-ignore lint/suspicious/noExplicitAny: the wire's JSON, of which each test looks at what it wants
  readonly body: any;
}

/** An answer, or no answer: an error of node:net that says so. */
export type Reply = { readonly status: number; readonly json: unknown } | CutOff | Error;

/** An answer that cannot be read. */
interface CutOff {
  readonly status: number;
  readonly text: string;
}

export const done: Reply = { status: 200, json: {} };
export const ok = (json: unknown): Reply => ({ status: 200, json });

/** DynamoDB's way to say no. */
export function refusal(name: string, more: Readonly<Record<string, unknown>> = {}, status = 400): Reply {
  return { status, json: { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: name, ...more } };
}

/** The connection broke: the request may have been carried out. */
export function lost(code = "ECONNRESET"): Reply {
  return Object.assign(new Error("socket hang up"), { code });
}

/**
 * A store whose requests get these replies in this order; asking for one more is an error. Its clock stands at 1,000 s.
 * `maxAttempts` are the SDK's own, 1 unless given; `pauses` are the adapter's.
 */
export function scripted(
  replies: readonly (Reply | (() => Reply))[],
  options: { readonly maxAttempts?: number } = {},
): { readonly store: RecordStore; readonly sent: Sent[]; readonly pauses: number[] } {
  const sent: Sent[] = [];
  const pauses: number[] = [];
  const left = [...replies];
  const wire = ({ headers, body }: WireRequest): WireResponse => {
    const operation = headers["x-amz-target"]?.split(".")[1] ?? "";
    sent.push({ operation, body: JSON.parse(Buffer.from(body ?? "").toString()) });
    const next = left.shift() ?? new Error(`no reply left for ${operation}`);
    const reply = typeof next === "function" ? next() : next;
    if (reply instanceof Error) throw reply;
    const answer = "text" in reply ? reply.text : JSON.stringify(reply.json);
    const type = { "content-type": "application/x-amz-json-1.0" };
    return { statusCode: reply.status, headers: type, body: Readable.from([Buffer.from(answer)]) };
  };
  const client = offline(DynamoDBClient, { maxAttempts: options.maxAttempts ?? 1 }, wire);
  const store = createDynamoRecords({
    client,
    table: "records",
    now: () => 1_000_000,
    pause: async (attempt) => void pauses.push(attempt),
  });
  return { store, sent, pauses };
}
