/**
 * ObjectStore: backup data as immutable named objects (packs, roots, keys, intents).
 *
 * Each adapter passes test/contracts/object-store.ts. Names are `/`-separated segments of `[A-Za-z0-9._-]`, at most 512
 * bytes, a segment at most 200 and never `.` or `..`; `tmp/` and `trash/` at the start belong to the adapters. A bad
 * name is refused with TypeError. Reads see every put that was acknowledged before them, listings too (as S3 does).
 */
export interface ObjectStore {
  /**
   * Writes the object if no object has that name. Resolves only when it would survive power loss (bytes, name and
   * parent folders). Half an object is never visible under its name.
   * @throws StoreFull when less than the reserve would be left; StoreFailed for anything else
   */
  putIfAbsent(name: string, bytes: Uint8Array): Promise<"created" | "exists">;
  /**
   * The object's bytes, or exactly `length` bytes from `offset`; in memory of the caller's own, or in `into` (at least `length`
   * bytes), which a store may use or leave alone.
   * @throws ObjectMissing; RangeUnavailable when the object ends before `offset + length`; StoreFailed
   */
  get(
    name: string,
    range?: { readonly offset: number; readonly length: number },
    into?: Uint8Array,
  ): Promise<Uint8Array>;
  /** Size in bytes, or undefined when there is none. Any other error is thrown, never read as absence. */
  size(name: string): Promise<number | undefined>;
  /** All objects whose name starts with `prefix`, in name order. Any error while listing is thrown. */
  list(prefix: string): AsyncIterable<ListedObject>;
  /** Moves the object out of sight, recoverable for 14 days (S3: delete marker; folder: trash/). Absent is fine. */
  trash(name: string): Promise<void>;
}

/** What a listing tells of an object. */
export interface ListedObject {
  readonly name: string;
  readonly size: number;
  /** Milliseconds since 1970 when it was written, by the store's clock; absent where the store does not know. Nothing safe rests on it. */
  readonly modifiedAt?: number;
}

export class ObjectMissing extends Error {
  override readonly name = "ObjectMissing";
}
export class RangeUnavailable extends Error {
  override readonly name = "RangeUnavailable";
}
/** No room: the store keeps a reserve so that deletion and bookkeeping still work. */
export class StoreFull extends Error {
  override readonly name = "StoreFull";
}
/** The store could not do it; nothing visible was changed. Worth a retry. */
export class StoreFailed extends Error {
  override readonly name = "StoreFailed";
}
