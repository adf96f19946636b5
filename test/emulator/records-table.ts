/** How does a test make a table for records? From the same plain data as infra, so that both are one thing. */
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  type DynamoDBClient,
  ScanCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { recordsTable } from "../../adapters/aws/dynamodb/table.ts";

/** BatchWriteItem: requests in one call. */
const BATCH = 25;

interface Keys {
  readonly partitionKey: string;
  readonly sortKey: string;
}

/**
 * An empty table of that name. Its time-to-live is off: ministack would soon remove items that are young by the test's
 * clock and old by its own.
 */
export async function createRecordsTable(client: DynamoDBClient, name: string): Promise<void> {
  const indexes = Object.values(recordsTable.indexes);
  const attributes = [recordsTable, ...indexes].flatMap((keys: Keys) => [keys.partitionKey, keys.sortKey]);
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: attributes.map((attribute) => ({ AttributeName: attribute, AttributeType: "S" })),
      KeySchema: schemaOf(recordsTable),
      GlobalSecondaryIndexes: indexes.map((index) => ({
        IndexName: index.name,
        KeySchema: schemaOf(index),
        Projection: { ProjectionType: "ALL" },
      })),
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 120, minDelay: 1, maxDelay: 2 }, { TableName: name });
}

/** Removes every item, expired or not. */
export async function emptyTable(client: DynamoDBClient, name: string): Promise<void> {
  for (;;) {
    const scan = new ScanCommand({ TableName: name, ProjectionExpression: "pk, sk", ConsistentRead: true });
    const { Items: keys = [], LastEvaluatedKey: more } = await client.send(scan);
    for (let i = 0; i < keys.length; i += BATCH) {
      const requests = keys.slice(i, i + BATCH).map((Key) => ({ DeleteRequest: { Key } }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { [name]: requests } }));
    }
    if (keys.length === 0 && more === undefined) return;
  }
}

function schemaOf({ partitionKey, sortKey }: Keys) {
  return [
    { AttributeName: partitionKey, KeyType: "HASH" as const },
    { AttributeName: sortKey, KeyType: "RANGE" as const },
  ];
}
