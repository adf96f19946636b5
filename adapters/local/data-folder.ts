/** Is this folder ours, of a version that we know, and owned by nobody else? */
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { FolderOwned, isLockFile, type OwnerLock, takeOwnership } from "./data-folder/owner-lock.ts";
import { makeFoldersNow, replaceFile, writeNewFile } from "./files/durable-file.ts";
import { codeOf, textOf } from "./files/failures.ts";

/**
 * Version of the folder: raised when an older Holdfast would misread what a newer one wrote. 2: the records have states and rows
 * that format 1 did not know, and a version of their own (core/app/upgrade).
 */
const FORMAT = 2;
const VERSION_FILE = "holdfast.json";

export interface DataFolder {
  /** The absolute path. */
  readonly path: string;
  /** Made once with the folder; a copy has the same. */
  readonly id: string;
  /**
   * True until `finishFirstStart` was called once: keys and credentials may be made only then, for later a missing key
   * is an error. A first start that was killed half-way is a first start again.
   */
  readonly firstStart: boolean;
  /** Says, durably, that keys and credentials are made. Calling it again does nothing. */
  finishFirstStart(): void;
  /** True when the folder stands elsewhere than at the last start (copied, restored or another mount): warn, once. */
  readonly moved: boolean;
  /** Grows with each start; the newest owner's wins. */
  readonly generation: number;
  /** Gives the folder back; a process that dies does so too. Calling it again does nothing. */
  release(): void;
}

interface VersionFile {
  readonly format: number;
  readonly id: string;
  /** False until the first start came to its end. */
  readonly ready: boolean;
  readonly device: string;
  readonly inode: string;
}

/** The folder cannot be used; the message is one line that says why and what to do. */
export class DataFolderRefused extends Error {
  override readonly name = "DataFolderRefused";
}

/**
 * Opens the data folder and owns it until `release`. With `create` a missing or empty folder becomes one; a folder that
 * holds other things never does.
 * @throws DataFolderRefused: not there, not a folder, not ours, not writable, damaged, newer, or owned by a live
 * process
 */
export function openDataFolder(options: { readonly folder: string; readonly create: boolean }): DataFolder {
  const path = resolve(options.folder);
  try {
    const isNew = prepare(path, options.create);
    const lock = takeOwnership(path);
    try {
      return opened(path, isNew ? initialise(path) : readVersion(path), lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  } catch (error) {
    if (error instanceof DataFolderRefused) throw error;
    if (error instanceof FolderOwned) throw new DataFolderRefused(error.message, { cause: error });
    throw new DataFolderRefused(`cannot use the data folder ${path}: ${textOf(error)}`, { cause: error });
  }
}

function opened(path: string, before: VersionFile, lock: OwnerLock): DataFolder {
  const place = placeOf(path);
  const moved = before.device !== place.device || before.inode !== place.inode;
  // Before anything else is written: an older Holdfast refuses the folder from here on.
  let version: VersionFile = { ...before, ...place, format: FORMAT };
  if (moved || before.format !== FORMAT) replaceFile(join(path, VERSION_FILE), toText(version));
  let held = true;
  return {
    path,
    id: version.id,
    firstStart: !version.ready,
    moved,
    generation: lock.generation,
    finishFirstStart() {
      if (version.ready) return;
      version = { ...version, ready: true };
      replaceFile(join(path, VERSION_FILE), toText(version));
    },
    release() {
      if (held) lock.release();
      held = false;
    },
  };
}

/** Says whether the folder is still to be initialised. Nothing is written into a folder that is not ours. */
function prepare(path: string, create: boolean): boolean {
  const names = namesIn(path);
  if (names?.includes(VERSION_FILE) === true) {
    // Before the lock, so that a folder of another version is left exactly as it is.
    readVersion(path);
    return false;
  }
  if (!create) throw new DataFolderRefused(`${path} is no Holdfast data folder: it has no ${VERSION_FILE}`);
  const foreign = names?.find((name) => !isLockFile(name) && !isBeginning(name) && name !== "lost+found");
  if (foreign !== undefined) {
    throw new DataFolderRefused(
      `${path} is no Holdfast data folder and not empty (it holds ${JSON.stringify(foreign)}): name a new folder`,
    );
  }
  if (names === undefined) makeFoldersNow(path);
  return true;
}

/** A version file that a first start began and did not finish. */
function isBeginning(name: string): boolean {
  return name.startsWith(`${VERSION_FILE}.`) && name.endsWith(".tmp");
}

function namesIn(path: string): string[] | undefined {
  try {
    return readdirSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    if (codeOf(error) === "ENOTDIR") throw new DataFolderRefused(`${path} is not a folder`);
    throw error;
  }
}

function initialise(path: string): VersionFile {
  const version: VersionFile = { format: FORMAT, id: randomUUID(), ready: false, ...placeOf(path) };
  // Between our look and our lock another first start may have been faster, and have ended since.
  return writeNewFile(join(path, VERSION_FILE), toText(version)) === "exists" ? readVersion(path) : version;
}

function readVersion(path: string): VersionFile {
  const file = join(path, VERSION_FILE);
  const { format, id, ready, device, inode } = parse(readFileSync(file, "utf8"));
  if (typeof format !== "number" || !Number.isSafeInteger(format) || format < 1 || typeof id !== "string") {
    throw new DataFolderRefused(`${file} is damaged: restore it from a copy of the data folder`);
  }
  if (format > FORMAT) {
    throw new DataFolderRefused(
      `${path} has format ${format}, this Holdfast knows formats up to ${FORMAT}: use the newer Holdfast that wrote it`,
    );
  }
  return { format, id, ready: ready === true, device: String(device), inode: String(inode) };
}

function parse(text: string): Partial<Record<keyof VersionFile, unknown>> {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === "object" && found !== null ? found : {};
  } catch {
    // Not JSON: without a format, hence reported as damaged.
    return {};
  }
}

function placeOf(path: string): { readonly device: string; readonly inode: string } {
  const { dev, ino } = statSync(path, { bigint: true });
  return { device: String(dev), inode: String(ino) };
}

function toText(version: VersionFile): string {
  return `${JSON.stringify(version, undefined, 2)}\n`;
}
