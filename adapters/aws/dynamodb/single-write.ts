/**
 * How is one conditional write done so that its answer is the truth, even if an answer is lost on the way?
 *
 * Each write leaves its own random stamp in the item. After a lost answer the adapter, not the SDK, asks again:
 *
 *     lost, then "done"                            the first attempt was not carried out (its condition would fail now)
 *     lost, then "condition failed", our stamp     the first attempt was carried out: done
 *     lost, then "condition failed", other stamp   somebody wrote, before us or after us: OutcomeUnknown
 *
 * Equal content would not do instead of a stamp: two who race to create the same item would both win. An `add` cannot be
 * asked again, since a later `add` of another replaces the stamp; so it only looks, and ends in OutcomeUnknown when the
 * stamp is not there. A transaction of one with a token would settle all of these, for twice the price of every
 * write and a conflict for every two writes that meet; that is for a failure seen once in many thousands.
 */
import { randomBytes } from "node:crypto";
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type TransactWriteItem,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { keyOf } from "../../../core/ports/record-limits.ts";
import { ConditionFailed, LimitExceeded, TransactionConflict, type Write } from "../../../core/ports/record-store.ts";
import { type Attributes, hasStamp, keyAttributes, type Stamp, toLiveItem } from "./attributes.ts";
import { portError } from "./errors.ts";
import { AnswerLost, type Losses, OutcomeUnknown, watched } from "./lost-answers.ts";
import { holds, isCreation, requestOf } from "./requests.ts";

/** What writes need. */
export interface WriteContext {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly nowSeconds: () => number;
  /** Waits before the attempt of this number, 1 being the second. */
  readonly pause: (attempt: number) => Promise<void>;
}

/** Attempts of this adapter at most, each with the SDK's own inside. */
export const ATTEMPTS = 6;

/** Does one write that was checked. @throws what RecordStore.write says, and OutcomeUnknown */
export async function writeOne(context: WriteContext, write: Exclude<Write, { op: "check" }>): Promise<void> {
  const { client, table, nowSeconds, pause } = context;
  const stamp: Stamp = randomBytes(8);
  const losses: Losses = { seen: false };
  // `any` is for idempotent writes: sent twice is as good as once.
  const resend = write.if === "any" && write.op !== "add";
  let fresh = false;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const now = nowSeconds();
    try {
      return await send(client, requestOf(write, { table, now, stamp }, fresh), losses, resend);
    } catch (error) {
      const stands = failedCondition(error);
      if (stands !== undefined) {
        if (losses.seen && hasStamp(stands, stamp)) return;
        if (losses.seen) throw unsettled(write, error);
        const seen = judge(write, stands, now, fresh);
        if (seen instanceof Error) throw seen;
        fresh = seen.fresh;
        continue;
      }
      if (!losses.seen || resend) throw portError(error);
      if (write.op === "add" && !isCreation(write, fresh)) return settleAdd(context, write, stamp, error);
      // Refused this time, for another reason than the condition: the first attempt's outcome is still open.
      if (!(error instanceof AnswerLost) && portError(error) === error) throw unsettled(write, error);
    }
    await pause(attempt);
  }
  if (losses.seen) throw unsettled(write, undefined);
  throw new TransactionConflict(`${keyOf(write).pk} / ${keyOf(write).sk} changed at every attempt`);
}

/** What to do about a write whose condition failed: its error, or whether an `add` creates the item next time. */
export function judge(
  write: Write,
  stands: Attributes,
  now: number,
  fresh: boolean,
): ConditionFailed | LimitExceeded | { readonly fresh: boolean } {
  const exists = stands.pk !== undefined;
  const current = exists ? toLiveItem(stands, now) : undefined;
  if (write.op !== "add" || !holds(write.if, current)) return new ConditionFailed(keyOf(write), current);
  // An expired item stands in the way of an update, or no longer in the way of a creation.
  if (isCreation(write, fresh)) return { fresh: false };
  if (exists && current === undefined) return { fresh: true };
  return new LimitExceeded(`a counter of ${write.key.pk} / ${write.key.sk} would pass 2^53 - 1`);
}

async function send(
  client: DynamoDBClient,
  request: TransactWriteItem,
  losses: Losses,
  resend: boolean,
): Promise<void> {
  const { Put, Delete, Update } = request;
  if (Put !== undefined) await client.send(watched(new PutItemCommand(Put), losses, resend));
  if (Delete !== undefined) await client.send(watched(new DeleteItemCommand(Delete), losses, resend));
  if (Update !== undefined) await client.send(watched(new UpdateItemCommand(Update), losses, resend));
}

/** What stands where a condition failed, without attributes when nothing does; undefined for every other error. */
function failedCondition(error: unknown): Attributes | undefined {
  const { name, Item } = error as { name?: string; Item?: Attributes };
  return name === "ConditionalCheckFailedException" ? (Item ?? {}) : undefined;
}

async function settleAdd(context: WriteContext, write: Write, stamp: Stamp, failure: unknown): Promise<void> {
  const key = keyAttributes(keyOf(write));
  const read = new GetItemCommand({ TableName: context.table, Key: key, ConsistentRead: true });
  const { Item } = await context.client.send(read).catch((error: unknown) => {
    throw unsettled(write, error);
  });
  if (!hasStamp(Item, stamp)) throw unsettled(write, failure);
}

function unsettled(write: Write, failure: unknown): OutcomeUnknown {
  const cause = failure instanceof AnswerLost ? failure.failure : failure;
  const { pk, sk } = keyOf(write);
  return new OutcomeUnknown(`the answer to the ${write.op} of ${pk} / ${sk} was lost: it may have happened`, { cause });
}
