/** What does an object folder's trash hold, and when does it go for good? */
import { type Dirent, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { codeOf, toStoreError } from "./failures.ts";
import { TRASH } from "./object-names.ts";

const DAY_MS = 24 * 3600 * 1000;
/** ObjectStore.trash promises so many days. */
const KEPT_DAYS = 14;

/**
 * Removes what was trashed more than 14 days ago: the folders of whole days (UTC). `now`: milliseconds since 1970.
 * @returns bytes removed. @throws StoreFailed
 */
export async function purgeTrash(folder: string, now: number): Promise<number> {
  let bytes = 0;
  for (const day of daysOf(folder)) {
    // The last object of that day may have come a moment before its end.
    if (Date.parse(`${day}T00:00:00Z`) + (KEPT_DAYS + 1) * DAY_MS > now) continue;
    const path = join(folder, TRASH, day);
    bytes += bytesBelow(path);
    try {
      rmSync(path, { recursive: true, force: true });
    } catch (error) {
      throw toStoreError(path, error);
    }
  }
  return bytes;
}

/** Bytes in the trash. @throws StoreFailed */
export function trashBytes(folder: string): number {
  return daysOf(folder).reduce((sum, day) => sum + bytesBelow(join(folder, TRASH, day)), 0);
}

function daysOf(folder: string): readonly string[] {
  return entriesOf(join(folder, TRASH)).flatMap(({ name }) => (/^\d{4}-\d\d-\d\d$/.test(name) ? [name] : []));
}

function bytesBelow(path: string): number {
  let bytes = 0;
  for (const entry of entriesOf(path)) {
    const inner = join(path, entry.name);
    bytes += entry.isDirectory() ? bytesBelow(inner) : (sizeOf(inner) ?? 0);
  }
  return bytes;
}

function sizeOf(path: string): number | undefined {
  try {
    return statSync(path).size;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw toStoreError(path, error);
  }
}

function entriesOf(path: string): readonly Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw toStoreError(path, error);
  }
}
