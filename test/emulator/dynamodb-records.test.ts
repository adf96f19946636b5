/** Does a DynamoDB table keep the promises of a record store, on an emulator and on the strict one? */
import { randomUUID } from "node:crypto";
import { DeleteTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { describe, inject } from "vitest";
import { createDynamoRecords } from "../../adapters/aws/dynamodb-records.ts";
import type { RecordStoreUnderTest } from "../contracts/record-store/under-test.ts";
import { recordStoreContract } from "../contracts/record-store.ts";
import { createRecordsTable } from "./records-table.ts";

const { aws, dynamodbLocal, noDynamodbLocal } = inject("aws");

function openOn(client: DynamoDBClient): () => Promise<RecordStoreUnderTest> {
  return async () => {
    const table = `records-${randomUUID()}`;
    await createRecordsTable(client, table);
    let nowMs = 0;
    const open = () => createDynamoRecords({ client, table, now: () => nowMs });
    return {
      store: open(),
      setNow: (ms) => {
        nowMs = ms;
      },
      reopen: async () => open(),
      dispose: async () => void (await client.send(new DeleteTableCommand({ TableName: table }))),
    };
  };
}

const onMinistack = new DynamoDBClient({ ...(aws !== undefined && { endpoint: aws }) });
recordStoreContract("DynamoDB on ministack", openOn(onMinistack));

// Missing only where Java is, which global-setup.ts allows outside CI only.
describe.skipIf(dynamodbLocal === undefined)(`the strict one (${noDynamodbLocal ?? "it runs"})`, () => {
  const strict = new DynamoDBClient({ endpoint: dynamodbLocal ?? "" });
  recordStoreContract("DynamoDB Local", openOn(strict));
});
