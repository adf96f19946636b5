/** How accounts are changed: one at a time, each decided on the directory as it is, and seen by the next request. */
import { type RecordStore, TransactionRefused, type Write } from "../../ports/record-store.ts";
import { AdminRefused } from "./admin/refused.ts";
import { type Directory, readDirectory, readGeneration } from "./directory.ts";
import { generationKey } from "./records.ts";

/** Accounts change by hand: two at once are rare, five times in a row somebody else first means a broken caller. */
const ATTEMPTS = 5;
/** A transaction holds 100 writes (records.md); one is the generation's. */
export const MOST_WRITES = 99;

/**
 * Reads the directory, lets `decide` look, and writes what it wants together with the next generation. The generation is the
 * gate: it is written under the version read *before* the directory, so a decision on names that were free, or on a user
 * that was there, loses to whoever changed anything meanwhile, and is made again. So the writes need no conditions of
 * their own; and everything that processes remember under an older generation is dead.
 * @throws AdminRefused from `decide`, or when others are always first
 */
export async function changeDirectory<T>(
  records: RecordStore,
  decide: (directory: Directory) => { readonly writes: readonly Write[]; readonly result: T },
): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const seen = await readGeneration(records);
    const { writes, result } = decide(await readDirectory(records));
    if (writes.length === 0) return result;
    const next: Write = {
      op: "put",
      item: { ...generationKey, v: seen + 1, body: {} },
      if: seen === 0 ? "absent" : { v: seen },
    };
    try {
      await records.transact([...writes, next]);
      return result;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
    }
  }
  throw new AdminRefused("accounts are being changed by others at the same time: try again");
}
