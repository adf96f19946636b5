/** How does a test make an object store fail, tear, delay, forget to answer or lie at a chosen call? */
import type { ObjectStore } from "../../core/ports/object-store.ts";
import { StoreFailed, StoreFull } from "../../core/ports/object-store.ts";

/**
 * - `fail`, `full`: throws StoreFailed or StoreFull, nothing happened.
 * - `tear`: a put writes half its bytes where no name shows them (`leaveHalf`), then fails.
 * - `unanswered`: everything happened, but the caller gets StoreFailed.
 * - `delay`: waits first.
 * - `flip`, `cut`: a get answers with one bit changed, or without its last byte.
 */
type Fault = "fail" | "full" | "tear" | "unanswered" | "flip" | "cut" | { readonly delayMs: number };

interface PlannedFault {
  readonly method: keyof ObjectStore;
  /** Which call of that method since the decorator was made: 1 is the first; "every" = all of them. */
  readonly call: number | "every";
  /** Only calls whose name (or prefix) starts so are counted. Default: all. */
  readonly name?: string;
  readonly fault: Fault;
}

interface FaultyOptions {
  /** Puts half an object where a crash would have left it, e.g. in the folder's tmp/. Default: nowhere. */
  readonly leaveHalf?: (name: string, half: Uint8Array) => Promise<void>;
}

/** The same store with the planned faults. */
export function faulty(store: ObjectStore, plan: readonly PlannedFault[], options: FaultyOptions = {}): ObjectStore {
  const counts = new Map<PlannedFault, number>();

  function next(method: keyof ObjectStore, name: string): Fault | undefined {
    let fault: Fault | undefined;
    for (const planned of plan) {
      if (planned.method !== method || !name.startsWith(planned.name ?? "")) continue;
      const count = (counts.get(planned) ?? 0) + 1;
      counts.set(planned, count);
      if (planned.call === "every" || planned.call === count) fault = planned.fault;
    }
    return fault;
  }
  async function before(method: keyof ObjectStore, name: string, bytes?: Uint8Array): Promise<Fault | undefined> {
    const fault = next(method, name);
    if (fault === "fail") throw new StoreFailed(`planned failure of ${method} ${name}`);
    if (fault === "full") throw new StoreFull(`planned lack of room for ${name}`);
    if (fault === "tear") {
      if (bytes !== undefined) await options.leaveHalf?.(name, bytes.subarray(0, bytes.byteLength >> 1));
      throw new StoreFailed(`planned tearing of ${name}`);
    }
    if (typeof fault === "object") await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    return fault;
  }
  function after(fault: Fault | undefined, name: string): void {
    if (fault === "unanswered") throw new StoreFailed(`planned silence about ${name}`);
  }
  return {
    async putIfAbsent(name, bytes) {
      const fault = await before("putIfAbsent", name, bytes);
      const outcome = await store.putIfAbsent(name, bytes);
      after(fault, name);
      return outcome;
    },
    async get(name, range, into) {
      const fault = await before("get", name);
      const bytes = await store.get(name, range, into);
      after(fault, name);
      if (fault === "cut") return bytes.subarray(0, -1);
      if (fault !== "flip") return bytes;
      const flipped = new Uint8Array(bytes);
      const middle = flipped.byteLength >> 1;
      flipped[middle] = (flipped[middle] ?? 0) ^ 1;
      return flipped;
    },
    async size(name) {
      const fault = await before("size", name);
      const size = await store.size(name);
      after(fault, name);
      return size;
    },
    async *list(prefix) {
      const fault = await before("list", prefix);
      yield* store.list(prefix);
      // A listing that breaks off after its last object: whoever took what came as the whole would be wrong.
      after(fault, prefix);
    },
    async trash(name) {
      const fault = await before("trash", name);
      await store.trash(name);
      after(fault, name);
    },
  };
}
