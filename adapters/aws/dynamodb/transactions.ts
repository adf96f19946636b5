/**
 * How is a transaction done once, whatever happens to its answer?
 *
 * Every attempt carries the same ClientRequestToken: DynamoDB answers a transaction that was carried out within the last
 * ten minutes with success, instead of carrying it out again (API reference, TransactWriteItems). So the SDK may send it
 * again after a lost answer, and a refusal afterwards is a refusal of all attempts.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { type CancellationReason, type TransactWriteItem, TransactWriteItemsCommand } from "@aws-sdk/client-dynamodb";
import { itemSize, keyOf, TRANSACTION_BYTES } from "../../../core/ports/record-limits.ts";
import {
  ConditionFailed,
  LimitExceeded,
  TransactionConflict,
  TransactionRefused,
  type Write,
} from "../../../core/ports/record-store.ts";
import { portError, reasonError } from "./errors.ts";
import { type Losses, OutcomeUnknown, watched } from "./lost-answers.ts";
import { requestOf } from "./requests.ts";
import { ATTEMPTS, judge, type WriteContext } from "./single-write.ts";

/** Does all of the writes, which were checked, or none. @throws what RecordStore.transact says, and OutcomeUnknown */
export async function writeAll(context: WriteContext, writes: readonly Write[]): Promise<void> {
  checkSize(writes);
  const stamp = randomBytes(8);
  const creations = new Set<number>();
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const now = context.nowSeconds();
    const part = { table: context.table, now, stamp };
    const requests = writes.map((write, i) => requestOf(write, part, creations.has(i)));
    const reasons = await ask(context, requests);
    if (reasons === undefined) return;
    learn(writes, reasons, now, creations);
    await context.pause(attempt);
  }
  throw new TransactionConflict("an item of the transaction changed at every attempt");
}

/**
 * Throws what the reasons come down to, unless all that failed are adds that met an expired item, or met none any more:
 * then notes which of them create their item next time.
 */
function learn(
  writes: readonly Write[],
  reasons: readonly CancellationReason[],
  now: number,
  creations: Set<number>,
): void {
  const refused: number[] = [];
  const others: Error[] = [];
  for (const [i, write] of writes.entries()) {
    const { Code, Message, Item } = reasons[i] ?? {};
    const other = reasonError(Code, Message);
    if (other !== undefined) others.push(other);
    if (Code !== "ConditionalCheckFailed") continue;
    const seen = judge(write, Item ?? {}, now, creations.has(i));
    if (seen instanceof ConditionFailed) refused.push(i);
    else if (seen instanceof LimitExceeded) others.push(seen);
    else if (seen.fresh) creations.add(i);
    else creations.delete(i);
  }
  if (refused.length > 0) throw new TransactionRefused(refused, writes.map(keyOf));
  // What will never fit goes before what may do next time.
  const error = others.find((one) => one instanceof LimitExceeded) ?? others[0];
  if (error !== undefined) throw error;
}

/** Sends a transaction until its outcome is known. Answers the reasons of its cancellation, undefined when it was done. */
async function ask(
  { client, pause }: WriteContext,
  requests: TransactWriteItem[],
): Promise<readonly CancellationReason[] | undefined> {
  const input = { TransactItems: requests, ClientRequestToken: randomUUID() };
  const losses: Losses = { seen: false };
  let last: unknown;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      await client.send(watched(new TransactWriteItemsCommand(input), losses, true));
      return undefined;
    } catch (error) {
      const { name, CancellationReasons } = error as { name?: string; CancellationReasons?: CancellationReason[] };
      if (name === "TransactionCanceledException") return CancellationReasons ?? [];
      // An earlier attempt of this very transaction is still at work: neither a conflict nor an answer.
      if (name === "TransactionInProgressException") losses.seen = true;
      if (!losses.seen) throw portError(error);
      last = error;
    }
    await pause(attempt);
  }
  throw new OutcomeUnknown("the answer to a transaction was lost: it may have happened", { cause: last });
}

/** From above, as every size; DynamoDB itself also counts what stands there. */
function checkSize(writes: readonly Write[]): void {
  const size = writes.reduce((sum, write) => sum + (write.op === "put" ? itemSize(write.item) : 0), 0);
  if (size > TRANSACTION_BYTES) {
    throw new LimitExceeded(`the transaction has ${size} bytes, the limit is ${TRANSACTION_BYTES}`);
  }
}
