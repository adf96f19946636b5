/** Does the DynamoDB adapter tell the truth about writes, whatever becomes of their answers? */
import { describe, expect, test } from "vitest";
import type { Write } from "../../../core/ports/record-store.ts";
import {
  ConditionFailed,
  LimitExceeded,
  Throttled,
  TransactionConflict,
  TransactionRefused,
} from "../../../core/ports/record-store.ts";
import { item } from "../../contracts/record-store/reading.ts";
import { done, lost, ok, type Reply, refusal, type Sent, scripted } from "./dynamodb-scripted.ts";

const key = { pk: "P", sk: "a" };
const put: Write & { op: "put" } = { op: "put", item: item({ sk: "a" }), if: "absent" };
const add: Write & { op: "add" } = { op: "add", key, counters: { n: 2 }, if: "any" };
const remove: Write & { op: "delete" } = { op: "delete", key, if: { v: 1 } };
const operations = (sent: readonly Sent[]) => sent.map((one) => one.operation);

/** What a put left there. */
const standing = (one: Sent | undefined) => refusal("ConditionalCheckFailedException", { Item: one?.body.Item });
const other = refusal("ConditionalCheckFailedException", {
  Item: { pk: { S: "P" }, sk: { S: "a" }, v: { N: "4" }, body: { S: "{}" }, w: { B: "AAAAAAAAAAA=" } },
});
const nothing = refusal("ConditionalCheckFailedException");

describe("a lost answer", () => {
  for (const [what, failure] of Object.entries({
    "a broken connection": lost(),
    "a time-out": Object.assign(new Error("no answer"), { name: "TimeoutError" }),
    "status 500": refusal("InternalServerError", {}, 500),
    "an answer that is cut off": { status: 200, text: '{"Attr' },
  })) {
    test(`${what}: a put that was carried out is done, though asking again meets a failed condition`, async () => {
      const { store, sent, pauses } = scripted([failure, () => standing(sent[0])], { maxAttempts: 8 });
      await store.write(put);
      expect(operations(sent)).toEqual(["PutItem", "PutItem"]);
      expect(pauses).toEqual([1]);
    });
  }

  test("a put that was not carried out is done by asking again", async () => {
    const { store, sent } = scripted([lost(), lost(), done]);
    await store.write(put);
    expect(sent.map((one) => one.body)).toEqual([sent[0]?.body, sent[0]?.body, sent[0]?.body]);
  });

  test("equal content of another writer is no proof: only the write's own stamp is", async () => {
    const { store, sent } = scripted([
      lost(),
      () => standing({ ...sent[0], body: { Item: { ...sent[0]?.body.Item, w: { B: "AAAAAAAAAAA=" } } } } as Sent),
    ]);
    await expect(store.write(put)).rejects.toMatchObject({ name: "OutcomeUnknown" });
  });

  test("a failed condition without a lost answer is one, even behind attempts that were throttled or never sent", async () => {
    const { store, sent } = scripted([lost("ECONNREFUSED"), refusal("ThrottlingException"), other], { maxAttempts: 8 });
    const error = await store.write(put).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(ConditionFailed);
    expect((error as ConditionFailed).current).toEqual({ ...key, v: 4, body: {} });
    expect(sent).toHaveLength(3);
  });

  test("throttling after a lost answer is not passed on as 'nothing was written'", async () => {
    const throttled = Array.from({ length: 5 }, () => refusal("ThrottlingException"));
    const { store, sent } = scripted([lost(), ...throttled]);
    await expect(store.write(put)).rejects.toMatchObject({ name: "OutcomeUnknown" });
    expect(sent).toHaveLength(6);
  });

  test("a put without condition is sent again by the SDK itself", async () => {
    const { store, sent, pauses } = scripted([lost(), done], { maxAttempts: 2 });
    await store.write({ ...put, if: "any" });
    expect([sent.length, pauses.length]).toEqual([2, 0]);
  });

  test("a deletion is done when asking again succeeds, and unknown when the item is gone or another", async () => {
    await scripted([lost(), done]).store.write(remove);
    for (const stands of [nothing, other]) {
      await expect(scripted([lost(), stands]).store.write(remove)).rejects.toMatchObject({ name: "OutcomeUnknown" });
    }
  });

  test("an add is never sent twice: it was done when the item bears its stamp, else the outcome is unknown", async () => {
    const stamped = (sent: Sent[]) => ok({ Item: { ...key, w: sent[0]?.body.ExpressionAttributeValues[":w"] } });
    const first = scripted([lost(), () => stamped(first.sent)], { maxAttempts: 8 });
    await first.store.write(add);
    expect(operations(first.sent)).toEqual(["UpdateItem", "GetItem"]);
    expect(first.sent[1]?.body.ConsistentRead).toBe(true);
    for (const reply of [ok({}), ok({ Item: { w: { B: "AAAAAAAAAAA=" } } }), lost()]) {
      const { store, sent } = scripted([lost(), reply]);
      await expect(store.write(add)).rejects.toMatchObject({ name: "OutcomeUnknown" });
      expect(operations(sent)).toEqual(["UpdateItem", "GetItem"]);
    }
  });

  test("a transaction is sent again under one token; another transaction has another", async () => {
    const { store, sent } = scripted([lost(), refusal("InternalServerError", {}, 500), done, done]);
    await store.transact([put, { ...add, key: { pk: "P", sk: "b" } }]);
    await store.transact([put]);
    const tokens = sent.map((one) => one.body.ClientRequestToken);
    expect(tokens[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(tokens.slice(0, 3)).size).toBe(1);
    expect(tokens[3]).not.toBe(tokens[0]);
  });

  test("a transaction in progress is waited for under its token, and unknown when it never ends", async () => {
    const busy = refusal("TransactionInProgressException");
    const { store, sent } = scripted([lost(), busy, done]);
    await store.transact([put]);
    expect(new Set(sent.map((one) => one.body.ClientRequestToken)).size).toBe(1);
    const never = scripted(Array.from({ length: 6 }, () => busy));
    await expect(never.store.transact([put])).rejects.toMatchObject({ name: "OutcomeUnknown" });
  });

  test("a transaction refused after a lost answer is refused: carried out, its token would have said so", async () => {
    const cancelled = refusal("TransactionCanceledException", {
      CancellationReasons: [{ Code: "ConditionalCheckFailed", Message: "no" }],
    });
    await expect(scripted([lost(), cancelled]).store.transact([put])).rejects.toBeInstanceOf(TransactionRefused);
  });
});

describe("what DynamoDB refuses", () => {
  const cases: readonly [string, Reply, unknown][] = [
    ["provisioned throughput", refusal("ProvisionedThroughputExceededException"), Throttled],
    ["throttling", refusal("ThrottlingException"), Throttled],
    ["the account's request limit", refusal("RequestLimitExceeded"), Throttled],
    ["no connection", lost("ECONNREFUSED"), Throttled],
    ["an item in a running transaction", refusal("TransactionConflictException"), TransactionConflict],
    [
      "a size",
      refusal("ValidationException", { message: "Item size to update has exceeded the maximum allowed size" }),
      LimitExceeded,
    ],
  ];
  for (const [what, reply, expected] of cases) {
    test(`${what} ends in the port's error`, async () => {
      await expect(scripted([reply]).store.write(put)).rejects.toBeInstanceOf(expected);
      await expect(scripted([reply]).store.transact([put])).rejects.toBeInstanceOf(expected);
    });
  }

  test("any other refusal is passed on as it is", async () => {
    for (const name of ["ResourceNotFoundException", "AccessDeniedException", "ValidationException"]) {
      await expect(scripted([refusal(name)]).store.write(put)).rejects.toMatchObject({ name });
      await expect(scripted([refusal(name)]).store.transact([put])).rejects.toMatchObject({ name });
    }
  });

  const cancelled = (...codes: readonly string[]) =>
    refusal("TransactionCanceledException", { CancellationReasons: codes.map((Code) => ({ Code, Message: Code })) });
  const three: Write[] = ["a", "b", "c"].map((sk) => ({ ...put, item: item({ sk }) }));
  const reasons: readonly [readonly string[], unknown][] = [
    [["None", "TransactionConflict", "None"], TransactionConflict],
    [["None", "None", "ThrottlingError"], Throttled],
    [["ProvisionedThroughputExceeded", "None", "None"], Throttled],
    [["None", "TransactionConflict", "ValidationError"], LimitExceeded],
    [["ItemCollectionSizeLimitExceeded", "None", "None"], LimitExceeded],
    [["TransactionConflict", "ConditionalCheckFailed", "None"], TransactionRefused],
  ];
  for (const [codes, expected] of reasons) {
    test(`a transaction cancelled for ${codes.join(", ")} ends in the port's error`, async () => {
      await expect(scripted([cancelled(...codes)]).store.transact(three)).rejects.toBeInstanceOf(expected);
    });
  }

  test("a refused transaction names the writes whose condition failed", async () => {
    const reply = cancelled("ConditionalCheckFailed", "None", "ConditionalCheckFailed");
    await expect(scripted([reply]).store.transact(three)).rejects.toMatchObject({ failed: [0, 2] });
  });
});

describe("an add that meets an expired item", () => {
  const expired = { ...key, pk: { S: "P" }, sk: { S: "a" }, v: { N: "3" }, body: { S: "{}" }, ttl: { N: "999" } };

  test("replaces it by a new one, as a put under the condition that it is still expired", async () => {
    const { store, sent } = scripted([refusal("ConditionalCheckFailedException", { Item: expired }), done]);
    await store.write(add);
    expect(operations(sent)).toEqual(["UpdateItem", "PutItem"]);
    expect(sent[1]?.body.Item).toMatchObject({ v: { N: "1" }, "c:n": { N: "2" }, body: { S: "{}" } });
    expect(sent[1]?.body.ConditionExpression).toContain("#ttl <= :now");
  });

  test("adds to it after all when somebody else replaced it meanwhile", async () => {
    const failed = (Item: unknown) => refusal("ConditionalCheckFailedException", { Item });
    const { ttl: _, ...alive } = expired;
    const { store, sent } = scripted([failed(expired), failed(alive), done]);
    await store.write(add);
    expect(operations(sent)).toEqual(["UpdateItem", "PutItem", "UpdateItem"]);
  });

  test("does the same in a transaction, which is another one with a token of its own", async () => {
    const reason = { Code: "ConditionalCheckFailed", Message: "no", Item: expired };
    const { store, sent } = scripted([
      refusal("TransactionCanceledException", { CancellationReasons: [{ Code: "None" }, reason] }),
      done,
    ]);
    await store.transact([{ ...put, item: item({ sk: "b" }) }, add]);
    expect(sent[0]?.body.TransactItems[1]).toHaveProperty("Update");
    expect(sent[1]?.body.TransactItems[1]).toHaveProperty("Put");
    expect(sent[1]?.body.ClientRequestToken).not.toBe(sent[0]?.body.ClientRequestToken);
  });

  test("gives up with TransactionConflict when the item changes at every attempt", async () => {
    const { ttl: _, ...alive } = expired;
    const failed = [expired, alive].map((Item) => refusal("ConditionalCheckFailedException", { Item }));
    const { store } = scripted([...failed, ...failed, ...failed]);
    await expect(store.write(add)).rejects.toBeInstanceOf(TransactionConflict);
  });
});

test("a counter that would pass exact integers is refused, in a transaction too", async () => {
  const Item = { pk: { S: "P" }, sk: { S: "a" }, v: { N: "1" }, body: { S: "{}" }, "c:n": { N: "9007199254740991" } };
  const single = scripted([refusal("ConditionalCheckFailedException", { Item })]);
  await expect(single.store.write(add)).rejects.toBeInstanceOf(LimitExceeded);
  const reason = { Code: "ConditionalCheckFailed", Message: "no", Item };
  const together = scripted([refusal("TransactionCanceledException", { CancellationReasons: [reason] })]);
  await expect(together.store.transact([add])).rejects.toBeInstanceOf(LimitExceeded);
});
