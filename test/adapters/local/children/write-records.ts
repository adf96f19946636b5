/** A process that writes pairs of records until it is killed and prints each sort key once it is acknowledged. */
import { writeSync } from "node:fs";
import { createSqliteRecordStore } from "../../../../adapters/local/sqlite-records.ts";

const [path = "", round = ""] = process.argv.slice(2);
const store = createSqliteRecordStore({ path, now: () => 0 });

async function write(lane: number): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const sk = `${round}-${lane}-${i}`;
    const body = { text: "x".repeat(i * 10) };
    await store.transact([
      { op: "put", item: { pk: "left", sk, v: 1, body }, if: "absent" },
      { op: "put", item: { pk: "right", sk, v: 1, body }, if: "absent" },
    ]);
    writeSync(1, `${sk}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, (_, lane) => write(lane)));
// Killed long before; ending by itself would make the test wait for a signal that never came.
setInterval(() => undefined, 1000);
