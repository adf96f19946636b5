/** How are records kept in one DynamoDB table? */
import { setTimeout as sleep } from "node:timers/promises";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Clock } from "../../core/domain/values.ts";
import { checkKey, checkKeys, checkQuery, checkTransaction, checkWrite } from "../../core/ports/record-limits.ts";
import type { RecordStore } from "../../core/ports/record-store.ts";
import { readMany, readOne, readPage } from "./dynamodb/reads.ts";
import { writeOne } from "./dynamodb/single-write.ts";
import { writeAll } from "./dynamodb/transactions.ts";

/** Longest pause before the second attempt, milliseconds; doubled for each further one. */
const FIRST_PAUSE_MS = 25;
/** Longest pause at all, milliseconds. */
const LONGEST_PAUSE_MS = 1000;

export interface DynamoRecordsOptions {
  /** Its own retries are welcome: they are kept from writes that must not be sent twice. */
  readonly client: DynamoDBClient;
  /** The name of a table that looks as dynamodb/table.ts says. */
  readonly table: string;
  readonly now: Clock;
  /** Tests only: waits before the attempt of this number, 1 being the second. */
  readonly pause?: (attempt: number) => Promise<void>;
}

/**
 * Records in a DynamoDB table. Every request is checked against the limits before it is sent, so an emulator that is more
 * generous than AWS changes nothing. An item whose ttl has passed is absent for every read and every condition.
 * Throttling is left to the client and to `retrying`; what is asked again here is what only this adapter can ask again:
 * keys left out of a batch, and writes whose answer was lost.
 */
export function createDynamoRecords({ client, table, now, pause = fullJitter }: DynamoRecordsOptions): RecordStore {
  const context = { client, table, nowSeconds: () => Math.floor(now() / 1000), pause };
  return {
    async get(key, options) {
      checkKey(key);
      return readOne(context, key, options?.consistent ?? false);
    },
    async getMany(keys, options) {
      checkKeys(keys);
      return readMany(context, keys, options?.consistent ?? false);
    },
    async write(write) {
      checkWrite(write);
      return writeOne(context, write);
    },
    async transact(writes) {
      checkTransaction(writes);
      return writeAll(context, writes);
    },
    async query(query) {
      checkQuery(query);
      return readPage(context, query);
    },
    // A count is a read of everything counted here (Query with Select = COUNT), so whoever needs one had better read.
    async count(index, pk) {
      checkKey({ pk, sk: "-" }, index);
      return undefined;
    },
  };
}

async function fullJitter(attempt: number): Promise<void> {
  await sleep(Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)));
}
