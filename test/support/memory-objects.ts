/** An ObjectStore in memory, with faults on request: what a test damages, it damages here. */
import { ObjectMissing, type ObjectStore, RangeUnavailable } from "../../core/ports/object-store.ts";

export type ObjectOperation = "put" | "get" | "size" | "list" | "trash";

/** The store plus what only tests may do. */
export interface MemoryObjects extends ObjectStore {
  /** Live objects by name. Tests may replace, cut and delete the bytes. */
  readonly objects: Map<string, Uint8Array>;
  /** Objects moved out of sight. */
  readonly trashed: Map<string, Uint8Array>;
  /** Called before each operation; throws or waits to inject a fault. */
  before: (operation: ObjectOperation, name: string) => void | Promise<void>;
}

const SEGMENT = /^[A-Za-z0-9._-]+$/;

function checkName(name: string): void {
  const bad = name.split("/").some((segment) => !SEGMENT.test(segment) || segment === "." || segment === "..");
  if (bad || name.length > 512) throw new RangeError(`"${name}" is no object name`);
}

/** A fresh, empty store. */
export function createMemoryObjects(): MemoryObjects {
  const objects = new Map<string, Uint8Array>();
  const trashed = new Map<string, Uint8Array>();
  const store: MemoryObjects = {
    objects,
    trashed,
    before: () => undefined,
    async putIfAbsent(name, bytes) {
      checkName(name);
      await store.before("put", name);
      if (objects.has(name)) return "exists";
      objects.set(name, Uint8Array.from(bytes));
      return "created";
    },
    async get(name, range, into) {
      await store.before("get", name);
      const bytes = objects.get(name);
      if (bytes === undefined) throw new ObjectMissing(name);
      const { offset, length } = range ?? { offset: 0, length: bytes.length };
      const end = offset + length;
      if (end > bytes.length) throw new RangeUnavailable(`${name} has ${bytes.length} bytes, asked up to ${end}`);
      // As a folder does it: whoever lends memory must be able to bear that it is used.
      if (into === undefined || into.length < length) return bytes.slice(offset, end);
      into.set(bytes.subarray(offset, end));
      return into.subarray(0, length);
    },
    async size(name) {
      await store.before("size", name);
      return objects.get(name)?.length;
    },
    async *list(prefix) {
      await store.before("list", prefix);
      for (const name of [...objects.keys()].filter((key) => key.startsWith(prefix)).sort())
        yield { name, size: objects.get(name)?.length ?? 0 };
    },
    async trash(name) {
      await store.before("trash", name);
      const bytes = objects.get(name);
      if (bytes !== undefined) trashed.set(name, bytes);
      objects.delete(name);
    },
  };
  return store;
}
