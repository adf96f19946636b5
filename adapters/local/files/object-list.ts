/** How are a folder's objects listed in name order? */
import type { Dirent } from "node:fs";
import { join } from "node:path";
import { isSegment } from "../../../core/ports/object-names.ts";
import { StoreFailed } from "../../../core/ports/object-store.ts";
import { codeOf, toStoreError } from "./failures.ts";
import type { FileCalls } from "./file-calls.ts";
import { TMP, TRASH } from "./object-names.ts";

/** Sizes asked for at a time. */
const BATCH = 64;

interface Listed {
  readonly name: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
}

/** An object, or a folder: its name ends with `/`, so that plain order of entries is the order of whole names. */
type Entry = Listed | { readonly name: string; readonly size?: undefined };

/** Objects whose name starts with `prefix`, in name order. @throws StoreFailed when any folder cannot be read */
export async function* listObjects(root: string, prefix: string, calls: FileCalls): AsyncGenerator<Listed> {
  yield* below("");

  async function* below(folder: string): AsyncGenerator<Listed> {
    for await (const entry of entriesOf(folder)) {
      if (entry.size !== undefined) yield entry;
      else yield* below(entry.name);
    }
  }
  async function* entriesOf(folder: string): AsyncGenerator<Entry> {
    const found = await read(folder);
    const wanted = found.filter((entry) => isSegment(entry.name) && mayMatch(entry, folder));
    const names = new Map(wanted.map((entry) => [nameOf(entry, folder), entry]));
    const ordered = [...names].sort(([a], [b]) => (a < b ? -1 : 1));
    for (let i = 0; i < ordered.length; i += BATCH) {
      const batch = await Promise.all(ordered.slice(i, i + BATCH).map(([name, entry]) => look(name, entry)));
      for (const entry of batch) if (entry !== undefined) yield entry;
    }
  }
  async function read(folder: string): Promise<Dirent[]> {
    let entries: Dirent[];
    try {
      entries = await calls.readdir(join(root, folder));
    } catch (error) {
      // A missing folder too: none is ever removed, so that it is an error and not an empty listing.
      throw toStoreError(`cannot list ${folder === "" ? "the object folder" : folder}`, error);
    }
    if (folder !== "") return entries;
    if (!entries.some((entry) => entry.name === TMP)) throw notThere(root);
    return entries.filter((entry) => entry.name !== TMP && entry.name !== TRASH);
  }
  async function look(name: string, entry: Dirent): Promise<Entry | undefined> {
    if (entry.isDirectory()) return { name };
    try {
      const stats = await calls.stat(join(root, name));
      return stats.isFile() ? { name, size: stats.size, modifiedAt: Math.floor(stats.mtimeMs) } : undefined;
    } catch (error) {
      // Trashed since the folder was read.
      if (codeOf(error) === "ENOENT") return undefined;
      throw toStoreError(name, error);
    }
  }
  function mayMatch(entry: Dirent, folder: string): boolean {
    const name = nameOf(entry, folder);
    return name.startsWith(prefix) || (entry.isDirectory() && prefix.startsWith(name));
  }
}

/** The error for a folder without tmp/: not "empty", for that would make every object look deleted. */
export function notThere(root: string): StoreFailed {
  return new StoreFailed(
    `${root} is not an object folder: its ${TMP}/ is missing (is the disk mounted? a new one is made by createObjectFolder)`,
  );
}

function nameOf(entry: Dirent, folder: string): string {
  return `${folder}${entry.name}${entry.isDirectory() ? "/" : ""}`;
}
