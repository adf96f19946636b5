/** What does every record store promise? Run by each adapter, also in bad manners behind `retrying`. */
import { afterEach, beforeEach, describe } from "vitest";
import { limitPromises } from "./record-store/limits.ts";
import { queryPromises } from "./record-store/queries.ts";
import { ttlPromises } from "./record-store/ttl.ts";
import type { Current, RecordStoreUnderTest } from "./record-store/under-test.ts";
import { writePromises } from "./record-store/writes.ts";

/** Runs every promise on stores that `open` makes, an empty one for each test. */
export function recordStoreContract(name: string, open: () => Promise<RecordStoreUnderTest>): void {
  describe(`record store: ${name}`, () => {
    let current: RecordStoreUnderTest | undefined;
    beforeEach(async () => {
      current = await open();
    });
    afterEach(async () => {
      await current?.dispose();
      current = undefined;
    });
    const given: Current = () => {
      if (current === undefined) throw new Error("no store is open");
      return current;
    };
    writePromises(given);
    queryPromises(given);
    limitPromises(given);
    ttlPromises(given);
  });
}
