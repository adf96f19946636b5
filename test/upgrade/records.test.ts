/** Are the records of an earlier version brought up in a SQLite file, also in one with DynamoDB's bad manners? */
import { createSqliteRecordStore } from "../../adapters/local/sqlite-records.ts";
import { retrying } from "../../core/app/records/retrying-store.ts";
import { earlierRecordsContract } from "../contracts/earlier-records.ts";

const sqlite = (manners?: Parameters<typeof createSqliteRecordStore>[0]["manners"]) => async () => {
  const file = createSqliteRecordStore({
    path: ":memory:",
    now: () => Date.parse("2026-12-01T00:00:00Z"),
    ...(manners && { manners }),
  });
  const store = retrying(file, { sleep: async () => undefined, random: () => 0 });
  return { store, dispose: async () => file.close() };
};

earlierRecordsContract("SQLite", sqlite());
let seed = 1;
const random = (): number => {
  seed = (seed * 16_807) % 2_147_483_647;
  return seed / 2_147_483_647;
};
earlierRecordsContract(
  "a store with bad manners",
  sqlite({ indexLagWrites: 0, staleReadRate: 0, conflictRate: 0.2, throttleRate: 0.1, shortPageRate: 0.3, random }),
);
