/** How are backup objects kept in a folder? */
import { randomBytes } from "node:crypto";
import { dirname, join, resolve } from "node:path";
import type { Clock } from "../../core/domain/values.ts";
import { checkObjectName, checkPrefix } from "../../core/ports/object-names.ts";
import type { ObjectStore } from "../../core/ports/object-store.ts";
import { ObjectMissing, RangeUnavailable, StoreFull } from "../../core/ports/object-store.ts";
import { createDurableFolders } from "./files/durable-folders.ts";
import { codeOf, isAbsence, toStoreError } from "./files/failures.ts";
import { type FileCalls, fileCalls, type OpenFile } from "./files/file-calls.ts";
import { dropTemporary, giveName, writeTemporary } from "./files/new-file.ts";
import { listObjects, notThere } from "./files/object-list.ts";
import { TMP, TRASH } from "./files/object-names.ts";

export interface FolderObjectStoreOptions {
  /** Made before by createObjectFolder. */
  readonly folder: string;
  /** A put that would leave less than this free, in bytes, ends in StoreFull. */
  readonly reserveBytes: number;
  /** Dates the trash. Default: the system's clock. */
  readonly now?: Clock;
  /** Tests record and fail these. Default: the real ones. */
  readonly calls?: FileCalls;
}

/** What a folder can do beyond the port. */
export interface FolderObjectStore extends ObjectStore {
  /**
   * As the port says. With `into`, the bytes are put at its start when they fit, and the answer is that part of it. Memory
   * that is used again and begins at a page takes them three times as fast: new pages have to be found and zeroed by the
   * system, and the kernel copies to a place that is no multiple of 32 bytes (as malloc's are) at a quarter of the speed.
   */
  get(name: string, range?: Range, into?: Uint8Array): Promise<Uint8Array>;
}

/**
 * An object is the file of its name; trash/<day>/<name>~<time>-<random> is one that was trashed. Any number of workers
 * and processes may use the folder at once: names are given by link(), which never replaces. Bad names are refused with
 * TypeError. A folder where an object should be, and any unreadable folder, is an error.
 */
export function createFolderObjectStore(options: FolderObjectStoreOptions): FolderObjectStore {
  const { reserveBytes, now = Date.now, calls = fileCalls } = options;
  const root = resolve(options.folder);
  const tmp = join(root, TMP);
  const folders = createDurableFolders(root, calls);

  /** The file's path; the name is checked first, so that no name leads out of the folder. */
  function pathOf(name: string): string {
    checkObjectName(name);
    return join(root, name);
  }
  /** Nothing under the name is an answer only when the store itself is there. */
  async function mustBeThere(): Promise<void> {
    try {
      await calls.stat(tmp);
    } catch (error) {
      throw isAbsence(error) ? notThere(root) : toStoreError(tmp, error);
    }
  }
  async function checkRoom(bytes: number): Promise<void> {
    const free = await calls.free(tmp);
    if (free - bytes >= reserveBytes) return;
    throw new StoreFull(`${bytes} bytes do not fit: ${free} bytes are free, ${reserveBytes} are kept in reserve`);
  }
  async function put(name: string, path: string, bytes: Uint8Array): Promise<"created" | "exists"> {
    let temporary: string | undefined;
    try {
      await checkRoom(bytes.byteLength);
      temporary = await writeTemporary(tmp, bytes, calls);
      await folders.make(dirname(path));
      const outcome = await giveName(temporary, path, tmp, calls);
      // The folder also for "exists": whoever gave the name may not have come to this point.
      await Promise.all([dropTemporary(temporary, calls), folders.sync(dirname(path))]);
      return outcome;
    } catch (error) {
      folders.forget();
      if (temporary !== undefined) await dropTemporary(temporary, calls);
      if (isAbsence(error)) await mustBeThere();
      throw toStoreError(name, error);
    }
  }
  async function sizeOf(name: string, path: string): Promise<number | undefined> {
    try {
      const stats = await calls.stat(path);
      return stats.isFile() ? stats.size : undefined;
    } catch (error) {
      if (!isAbsence(error)) throw toStoreError(name, error);
      await mustBeThere();
      return undefined;
    }
  }
  async function trash(name: string, path: string): Promise<void> {
    // Only a file: renaming a folder would take every object below it along.
    if ((await sizeOf(name, path)) === undefined) return;
    const [day = "", time = ""] = new Date(now()).toISOString().split("T");
    const target = join(root, TRASH, day, `${name}~${time.replace(/\D/g, "")}-${randomBytes(4).toString("hex")}`);
    try {
      await folders.make(dirname(target));
      await calls.rename(path, target);
      await folders.sync(dirname(target));
      await folders.sync(dirname(path));
    } catch (error) {
      folders.forget();
      // Another one was faster, when it is gone now.
      if (codeOf(error) === "ENOENT" && (await sizeOf(name, path)) === undefined) return;
      throw toStoreError(name, error);
    }
  }
  return {
    async putIfAbsent(name, bytes) {
      return put(name, pathOf(name), bytes);
    },
    async get(name, range, into) {
      const path = pathOf(name);
      if (range !== undefined) checkRange(range);
      const bytes = await readFile(name, path, range, into, calls);
      if (bytes !== undefined) return bytes;
      await mustBeThere();
      throw new ObjectMissing(`there is no object ${name}`);
    },
    async size(name) {
      return sizeOf(name, pathOf(name));
    },
    async *list(prefix) {
      checkPrefix(prefix);
      yield* listObjects(root, prefix, calls);
    },
    async trash(name) {
      return trash(name, pathOf(name));
    },
  };
}

type Range = { readonly offset: number; readonly length: number };

/** The file's bytes, undefined when there is no such file. */
async function readFile(
  name: string,
  path: string,
  range: Range | undefined,
  into: Uint8Array | undefined,
  calls: FileCalls,
): Promise<Uint8Array | undefined> {
  try {
    const handle = await calls.open(path, "r");
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) return undefined;
      return await readRange(name, handle, stats.size, range ?? { offset: 0, length: stats.size }, into);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error instanceof RangeUnavailable ? error : toStoreError(name, error);
  }
}

async function readRange(
  name: string,
  handle: OpenFile,
  size: number,
  { offset, length }: Range,
  into: Uint8Array | undefined,
): Promise<Uint8Array> {
  const short = () => new RangeUnavailable(`${name} has ${size} bytes, not ${length} from ${offset}`);
  if (offset + length > size) throw short();
  // Not zeroed first: every byte of it is read, or none is given away.
  const fits = into !== undefined && into.length >= length;
  const bytes = fits ? into.subarray(0, length) : new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  for (let filled = 0; filled < length; ) {
    const count = await handle.read(bytes.subarray(filled), offset + filled);
    // The file ends before its own size: somebody shortened it meanwhile.
    if (count === 0) throw short();
    filled += count;
  }
  return bytes;
}

function checkRange({ offset, length }: Range): void {
  if (Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0) return;
  throw new TypeError(`bad range: ${length} bytes from ${offset}`);
}
