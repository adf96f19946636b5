/** What does an adapter give the contract tests of record stores? */
import type { RecordStore } from "../../../core/ports/record-store.ts";

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
