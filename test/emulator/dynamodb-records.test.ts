/** Does a DynamoDB table keep the promises of a record store, on an emulator and on the strict one? */
import { randomUUID } from "node:crypto";
import { DeleteTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createDynamoRecords } from "../../adapters/aws/dynamodb-records.ts";
import { itemSize } from "../../core/ports/record-limits.ts";
import type { Item, RecordStore, Write } from "../../core/ports/record-store.ts";
import { item } from "../contracts/record-store/reading.ts";
import { recordStoreContract } from "../contracts/record-store.ts";
import { createRecordsTable, emptyTable } from "./records-table.ts";

const { aws, dynamodbLocal, noDynamodbLocal } = inject("aws");

onOneTable("ministack", aws);
// Missing only where Java is, which global-setup.ts allows outside CI only.
describe.skipIf(dynamodbLocal === undefined)(`the strict one (${noDynamodbLocal ?? "it runs"})`, () => {
  onOneTable("DynamoDB Local", dynamodbLocal);
});

/** Everything on one table, emptied after each test: AWS takes seconds to make one. */
function onOneTable(name: string, endpoint: string | undefined): void {
  describe(`DynamoDB on ${name}`, () => {
    const place = endpoint === undefined ? {} : { endpoint };
    const client = new DynamoDBClient(place);
    const table = `records-${randomUUID()}`;
    beforeAll(() => createRecordsTable(client, table));
    afterAll(async () => void (await client.send(new DeleteTableCommand({ TableName: table }))));

    recordStoreContract(name, async () => {
      let nowMs = 0;
      const open = () => createDynamoRecords({ client, table, now: () => nowMs });
      return {
        store: open(),
        setNow: (ms) => {
          nowMs = ms;
        },
        reopen: async () => open(),
        dispose: () => emptyTable(client, table),
      };
    });

    describe("a write whose answer is lost", () => {
      const key = { pk: "P", sk: "a" };
      const read = (store: RecordStore, sk = "a") => store.get({ pk: "P", sk }, { consistent: true });
      /** A store whose next requests of an operation are carried out and never answered, so many times. */
      const losing = (operation: string, times: number) => {
        const real = new NodeHttpHandler();
        let left = times;
        const requestHandler = {
          async handle(request: Parameters<typeof real.handle>[0], options: Parameters<typeof real.handle>[1]) {
            const answer = await real.handle(request, options);
            if (!request.headers["x-amz-target"]?.endsWith(`.${operation}`) || left === 0) return answer;
            left -= 1;
            answer.response.body?.resume();
            throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
          },
        };
        return createDynamoRecords({ client: new DynamoDBClient({ ...place, requestHandler }), table, now: () => 0 });
      };
      const scenario = (what: string, run: () => Promise<void>) =>
        test(what, async () => {
          await emptyTable(client, table);
          await run();
        });

      scenario("is done once: a creation, and a change of a version", async () => {
        const store = losing("PutItem", 3);
        await store.write({ op: "put", item: item({ sk: "a" }), if: "absent" });
        await store.write({ op: "put", item: item({ sk: "a", v: 2 }), if: { v: 1 } });
        expect(await read(store)).toEqual(item({ sk: "a", v: 2 }));
      });

      scenario("is done once: an add", async () => {
        const store = losing("UpdateItem", 1);
        await store.write({ op: "add", key, counters: { n: 2 }, if: "any" });
        expect((await read(store))?.counters).toEqual({ n: 2 });
      });

      scenario("is done once: a transaction, sent again under its token", async () => {
        const store = losing("TransactWriteItems", 2);
        const writes: Write[] = [
          { op: "put", item: item({ sk: "b" }), if: "absent" },
          { op: "add", key, counters: { n: 2 }, if: "any" },
        ];
        await store.transact(writes);
        expect((await read(store))?.counters).toEqual({ n: 2 });
        expect(await read(store, "b")).toEqual(item({ sk: "b" }));
      });

      scenario("leaves the outcome open: a deletion, since nothing is left to bear a stamp", async () => {
        const store = losing("DeleteItem", 1);
        await store.write({ op: "put", item: item({ sk: "a" }), if: "absent" });
        const deletion = store.write({ op: "delete", key, if: { v: 1 } });
        await expect(deletion).rejects.toMatchObject({ name: "OutcomeUnknown" });
        expect(await read(store)).toBeUndefined();
      });

      scenario("does not look done when it was another's", async () => {
        const [mine, theirs] = [losing("PutItem", 1), createDynamoRecords({ client, table, now: () => 0 })];
        await theirs.write({ op: "put", item: item({ sk: "a" }), if: "absent" });
        const creation = mine.write({ op: "put", item: item({ sk: "a" }), if: "absent" });
        // Its refusal was lost, and what stands there afterwards is equal.
        await expect(creation).rejects.toMatchObject({ name: "OutcomeUnknown" });
      });
    });

    test("an item of exactly 400 KB by our arithmetic is kept, in all indexes, and grows no counter", async () => {
      await emptyTable(client, table);
      const store = createDynamoRecords({ client, table, now: () => 0 });
      const place = { pk: "G", sk: "é" };
      const of = (text: string): Item =>
        item({
          sk: "a",
          v: 2 ** 53 - 1,
          ttl: 2 ** 53 - 1,
          counters: {},
          g1: place,
          g2: place,
          g3: place,
          body: { text },
        });
      const full = of("x".repeat(400 * 1024 - itemSize(of(""))));
      expect(itemSize(full)).toBe(400 * 1024);
      await store.write({ op: "put", item: full, if: "absent" });
      expect(await store.get(full, { consistent: true })).toEqual(full);
      const counters = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`counter ${i}`, 1]));
      const growth = store.write({ op: "add", key: { pk: "P", sk: "a" }, counters, if: "present" });
      await expect(growth).rejects.toMatchObject({ name: "LimitExceeded" });
      await expect(
        store.transact([{ op: "add", key: { pk: "P", sk: "a" }, counters, if: "any" }]),
      ).rejects.toMatchObject({ name: "LimitExceeded" });
    });

    test("a batch of more than 16 MB comes whole", async () => {
      await emptyTable(client, table);
      const store = createDynamoRecords({ client, table, now: () => 0 });
      const items = Array.from({ length: 45 }, (_, i) => item({ sk: `s${i}`, body: { text: "x".repeat(390_000) } }));
      await Promise.all(items.map((one) => store.write({ op: "put", item: one, if: "any" })));
      const found = await store.getMany(
        items.map(({ pk, sk }) => ({ pk, sk })),
        { consistent: true },
      );
      expect(found).toEqual(items);
    });
  });
}
