/** How does a test move the clock of one run, when functions take theirs from the machine? By moving what is recorded. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createDynamoRecords } from "../../adapters/aws/dynamodb-records.ts";
import { Due } from "../../core/app/records/entities.ts";
import { backupKey, DUE_SHARDS, dueKey, runKey } from "../../core/app/records/keys.ts";
import { parseItem } from "../../core/app/records/record.ts";
import { backups, insertAt, load, replace, runs } from "../../core/app/records/tables.ts";
import type { RecordStore } from "../../core/ports/record-store.ts";

export const recordsOf = (table: string): RecordStore =>
  createDynamoRecords({ client: new DynamoDBClient(), table, now: Date.now });

/** Makes the tick look at an execution the next time, instead of ten minutes after it looked last. */
export async function makeDue(records: RecordStore, name: string): Promise<void> {
  for (let shard = 0; shard < DUE_SHARDS; shard++) {
    const { pk } = dueKey(shard, 0, "", "");
    const { items } = await records.query({ pk, limit: 500, consistent: true });
    for (const item of items) {
      const due = parseItem(Due, item);
      if (due.name !== name) continue;
      const key = dueKey(shard, Date.now() - 1_000, "run", `${due.workflow}#${due.name}`);
      const { v, ...entity } = due;
      await records.transact([{ op: "delete", key: item, if: "present" }, insertAt({ key }, entity)]);
      return;
    }
  }
  throw new Error(`nothing is due of ${name}`);
}

/** Makes a run's last sign of life so many minutes older. */
export async function agePulse(records: RecordStore, backupId: string, minutes: number): Promise<void> {
  const backup = await load(records, backups, backupKey(backupId));
  const run = backup && (await load(records, runs, runKey(backup.domainId, backupId)));
  if (run === undefined) throw new Error(`backup ${backupId} has no open run`);
  await records.write(replace(runs, { ...run, heartbeat: run.heartbeat - minutes * 60_000 }));
}
