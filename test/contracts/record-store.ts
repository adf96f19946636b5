/** What does every record store promise? Run by each adapter, also in bad manners behind `retrying`. */
import { afterEach, beforeEach, describe } from "vitest";
import type { RecordStore } from "../../core/ports/record-store.ts";
import { limitPromises } from "./record-store/limits.ts";
import { queryPromises } from "./record-store/queries.ts";
import { ttlPromises } from "./record-store/ttl.ts";
import { writePromises } from "./record-store/writes.ts";

export interface RecordStoreUnderTest {
  readonly store: RecordStore;
  /** Sets the store's clock, epoch milliseconds. */
  setNow(ms: number): void;
  /** Closes the store and opens the same records again. */
  reopen(): Promise<RecordStore>;
  /** Removes everything. */
  dispose(): Promise<void>;
}

/** Gives the store of the running test. */
export type Current = () => RecordStoreUnderTest;

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
