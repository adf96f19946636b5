/** Does the DynamoDB adapter read everything that is there, and nothing else? */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toAttributes, toItem } from "../../../adapters/aws/dynamodb/attributes.ts";
import type { Item, JsonObject } from "../../../core/ports/record-store.ts";
import { LimitExceeded, Throttled } from "../../../core/ports/record-store.ts";
import { item } from "../../contracts/record-store/reading.ts";
import { lost, ok, refusal, type Sent, scripted } from "./dynamodb-scripted.ts";

const key = (sk: string) => ({ pk: { S: "P" }, sk: { S: sk } });
const stored = (sk: string, ttl?: number) => ({
  ...key(sk),
  v: { N: "1" },
  body: { S: JSON.stringify({ sk }) },
  ...(ttl !== undefined && { ttl: { N: String(ttl) } }),
});

describe("getMany", () => {
  const keysOf = (sent: Sent | undefined) => sent?.body.RequestItems.records.Keys.map((one: Item) => one.sk);

  test("asks again for what DynamoDB left out, until all is there", async () => {
    const { store, sent, pauses } = scripted([
      ok({ Responses: { records: [stored("b")] }, UnprocessedKeys: { records: { Keys: [key("a"), key("c")] } } }),
      ok({ Responses: { records: [] }, UnprocessedKeys: { records: { Keys: [key("a"), key("c")] } } }),
      ok({ Responses: { records: [stored("a")] }, UnprocessedKeys: {} }),
    ]);
    const found = await store.getMany(["a", "b", "c"].map((sk) => ({ pk: "P", sk })));
    expect(found).toEqual([item({ sk: "a" }), item({ sk: "b" }), undefined]);
    expect(sent.map(keysOf)).toEqual([
      [{ S: "a" }, { S: "b" }, { S: "c" }],
      ...Array(2).fill([{ S: "a" }, { S: "c" }]),
    ]);
    // Only an answer with nothing at all is worth a pause.
    expect(pauses).toEqual([1]);
  });

  test("is throttled when nothing comes time and again", async () => {
    const none = ok({ Responses: {}, UnprocessedKeys: { records: { Keys: [key("a")] } } });
    const { store } = scripted(Array.from({ length: 6 }, () => none));
    await expect(store.getMany([{ pk: "P", sk: "a" }])).rejects.toBeInstanceOf(Throttled);
  });

  test("asks for a repeated key once, which DynamoDB would refuse otherwise", async () => {
    const { store, sent } = scripted([ok({ Responses: { records: [stored("a")] } })]);
    const a = { pk: "P", sk: "a" };
    expect(await store.getMany([a, a])).toEqual([item({ sk: "a" }), item({ sk: "a" })]);
    expect(keysOf(sent[0])).toHaveLength(1);
  });
});

test("a page of items whose ttl has passed is empty and has a cursor, which leads on", async () => {
  const { store, sent } = scripted([
    ok({ Items: [stored("a", 1000), stored("b", 999)], LastEvaluatedKey: key("b") }),
    ok({ Items: [stored("c", 1001)] }),
  ]);
  const first = await store.query({ pk: "P", limit: 2 });
  expect(first.items).toEqual([]);
  const rest = await store.query({ pk: "P", limit: 2, cursor: first.cursor ?? "" });
  expect(rest).toEqual({ items: [item({ sk: "c", ttl: 1001 })] });
  expect(sent[1]?.body.ExclusiveStartKey).toEqual(key("b"));
});

test("an index's cursor holds its place in the index and in the table, and is refused by another query unasked", async () => {
  const place = { ...key("b"), g2pk: { S: "G" }, g2sk: { S: "2" } };
  const { store, sent } = scripted([ok({ Items: [], LastEvaluatedKey: place }), ok({ Items: [] })]);
  const query = { index: "g2", pk: "G", limit: 2 } as const;
  const { cursor = "" } = await store.query(query);
  await expect(store.query({ ...query, index: "g1", cursor })).rejects.toBeInstanceOf(LimitExceeded);
  await expect(store.query({ ...query, sk: { from: "1" }, cursor })).rejects.toBeInstanceOf(LimitExceeded);
  expect(await store.query({ ...query, cursor })).toEqual({ items: [] });
  expect(sent).toHaveLength(2);
  expect(sent[1]?.body).toMatchObject({ IndexName: "records-g2", ExclusiveStartKey: place });
});

test("reads that fail on the way are throttled, whatever the failure", async () => {
  for (const reply of [
    lost(),
    lost("ENOTFOUND"),
    refusal("InternalServerError", {}, 500),
    refusal("ThrottlingException"),
  ]) {
    await expect(scripted([reply]).store.get({ pk: "P", sk: "a" })).rejects.toBeInstanceOf(Throttled);
    await expect(scripted([reply]).store.getMany([{ pk: "P", sk: "a" }])).rejects.toBeInstanceOf(Throttled);
    await expect(scripted([reply]).store.query({ pk: "P", limit: 1 })).rejects.toBeInstanceOf(Throttled);
  }
});

test("whatever JSON an item holds comes back as it was, half surrogates and odd names included", () => {
  const body = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue()) as fc.Arbitrary<JsonObject>;
  const counters = fc.dictionary(fc.string({ minLength: 1 }), fc.maxSafeInteger());
  const place = fc.constant({ pk: "G", sk: "\u{1F600}" });
  const items = fc.record(
    { pk: fc.constant("P"), sk: fc.constant("a"), v: fc.nat(), body, counters, ttl: fc.nat(), g1: place, g3: place },
    { requiredKeys: ["pk", "sk", "v", "body"] },
  );
  const odd: Item = { pk: "P", sk: "a", v: 1, body: { "": "\uD800", n: 5e-130, m: 0.1 + 0.2 }, counters: {} };
  fc.assert(
    fc.property(items, (one) => {
      const asStored = { ...one, body: JSON.parse(JSON.stringify(one.body)) as JsonObject, counters: one.counters };
      expect(toItem(toAttributes(one as Item, new Uint8Array(8)))).toEqual(asStored);
    }),
    { examples: [[odd as never]] },
  );
});
