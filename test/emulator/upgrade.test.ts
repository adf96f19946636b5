/** Are the records of an earlier version brought up in a DynamoDB table as they are in a file? */
import { randomUUID } from "node:crypto";
import { DeleteTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, inject } from "vitest";
import { createDynamoRecords } from "../../adapters/aws/dynamodb-records.ts";
import { retrying } from "../../core/app/records/retrying-store.ts";
import { earlierRecordsContract } from "../contracts/earlier-records.ts";
import { createRecordsTable, emptyTable } from "./records-table.ts";

const { aws } = inject("aws");
const client = new DynamoDBClient(aws === undefined ? {} : { endpoint: aws });
const table = `upgrade-${randomUUID()}`;
beforeAll(() => createRecordsTable(client, table));
afterAll(async () => void (await client.send(new DeleteTableCommand({ TableName: table }))));

earlierRecordsContract("DynamoDB", async () => ({
  store: retrying(createDynamoRecords({ client, table, now: () => Date.parse("2026-12-01T00:00:00Z") }), {
    sleep: async () => undefined,
    random: Math.random,
  }),
  dispose: () => emptyTable(client, table),
}));
