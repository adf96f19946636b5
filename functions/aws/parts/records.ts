/** Records in DynamoDB. */
import { setTimeout as sleep } from "node:timers/promises";
import { createDynamoClient } from "../../../adapters/aws/clients/dynamodb.ts";
import { createDynamoRecords } from "../../../adapters/aws/dynamodb-records.ts";
import { retrying } from "../../../core/app/records/retrying-store.ts";
import type { RecordStore } from "../../../core/ports/record-store.ts";
import type { Host } from "../services.ts";

export function records(host: Host): { readonly records: RecordStore } {
  const client = createDynamoClient(host.onCall);
  const table = createDynamoRecords({ client, table: host.variable("HOLDFAST_TABLE"), now: () => Date.now() });
  return { records: retrying(table, { sleep: async (ms) => void (await sleep(ms)), random: Math.random }) };
}
