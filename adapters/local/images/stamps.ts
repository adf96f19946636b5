/** What marks a file as the very same, unchanged file: identity, size and time stamps, and how to take them safely. */
import { constants, type Stats } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** A raw image is addressed in sectors of this many bytes, as in every emulated disk. */
export const SECTOR_BYTES = 512;

/** Plain data, as it is kept in SnapshotRef.detail; 64-bit values are decimal strings, times nanoseconds. */
export interface Stamp {
  readonly path: string;
  readonly dev: string;
  readonly ino: string;
  readonly size: number;
  readonly mtimeNs: string;
  readonly ctimeNs: string;
}

export type FileTroubleKind = "missing" | "not-a-file" | "denied" | "read-only" | "other";

/** A file cannot be used at all; the message says what is wrong and how to mend it. */
export class FileTrouble extends Error {
  override readonly name = "FileTrouble";
  readonly kind: FileTroubleKind;
  readonly path: string;
  constructor(kind: FileTroubleKind, path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.path = path;
  }
}

/** Says what something that is not a regular file is. */
function notAFile(path: string, found: Stats): FileTrouble {
  const what = found.isDirectory()
    ? "a directory"
    : found.isFIFO()
      ? "a FIFO (named pipe)"
      : found.isSocket()
        ? "a socket"
        : found.isBlockDevice()
          ? "a block device"
          : "a character device";
  return new FileTrouble("not-a-file", path, `${path} is ${what}, not a regular file`);
}

/** Turns an error of the file system into a FileTrouble that names the path. */
export function troubleOf(path: string, error: unknown, access: "read" | "write" = "read"): FileTrouble {
  if (error instanceof FileTrouble) return error;
  const trouble = (kind: FileTroubleKind, text: string) =>
    new FileTrouble(kind, path, `${path} ${text}`, { cause: error });
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOENT":
    case "ENOTDIR":
      return trouble("missing", "does not exist");
    case "EACCES":
    case "EPERM":
      return trouble("denied", `cannot be opened: the user that runs the service must be allowed to ${access} it`);
    case "EROFS":
      return trouble("read-only", "is on a read-only file system");
    default:
      return trouble("other", `cannot be opened: ${(error as Error).message}`);
  }
}

/**
 * Opens a regular file, and nothing else: asked for a FIFO or a device it refuses before opening (opening one can block
 * for ever or have an effect).
 * @throws FileTrouble
 */
export async function openRegular(path: string, access: "read" | "write"): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    const before = await stat(path);
    if (!before.isFile()) throw notAFile(path, before);
    handle = await open(path, (access === "read" ? constants.O_RDONLY : constants.O_RDWR) | constants.O_NONBLOCK);
    // Another thing may have taken the name between the two calls.
    const now = await handle.stat();
    if (!now.isFile()) throw notAFile(path, now);
    return handle;
  } catch (error) {
    await handle?.close();
    throw troubleOf(path, error, access);
  }
}

/** The stamp of an open file that was opened under `path`. */
export async function stampOfHandle(handle: FileHandle, path: string): Promise<Stamp> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await handle.stat({ bigint: true });
  return { path, dev: `${dev}`, ino: `${ino}`, size: Number(size), mtimeNs: `${mtimeNs}`, ctimeNs: `${ctimeNs}` };
}

/**
 * The stamp of the file that stands under a path now. Opens it: over a network file system only an open asks the
 * server for fresh attributes.
 * @throws FileTrouble
 */
export async function stampOf(path: string): Promise<Stamp> {
  const handle = await openRegular(path, "read");
  try {
    return await stampOfHandle(handle, path);
  } finally {
    await handle.close();
  }
}

/** What differs between two stamps of one path, in words; undefined when nothing does. */
export function difference(before: Stamp, now: Stamp): string | undefined {
  if (before.dev !== now.dev || before.ino !== now.ino) return "it was replaced by another file";
  if (before.size !== now.size) return `its size went from ${before.size} to ${now.size} bytes`;
  if (before.mtimeNs !== now.mtimeNs) return "it was written to (its modification time differs)";
  // Also a write whose modification time was put back: no program can set the change time.
  if (before.ctimeNs !== now.ctimeNs)
    return "it was written to or its attributes were changed (its change time differs)";
  return undefined;
}

// A file system's clock ticks coarsely: Linux takes the time of the last timer tick (at most 10 ms, CONFIG_HZ=100).
// Two writes within one tick leave the same stamp, so a stamp only tells later writes apart once its tick has passed.
const TICK_MS = 50;
// ext3, ext4 with 128-byte inodes, HFS+ (1 s) and FAT (2 s) keep whole seconds only: the nanoseconds are all zero.
const WHOLE_SECONDS_TICK_MS = 2_100;
const ATTEMPTS = 3;

export type Settled =
  | { readonly settled: true; readonly stamps: readonly Stamp[] }
  | { readonly settled: false; readonly index: number; readonly difference: string };

/**
 * Stamps of all files such that any write after this call must change one of them.
 *
 * Each file is stamped, a tick of its file system is waited for, and it is stamped again: equal stamps are older than
 * the tick that runs now. No clock is compared with another, so a server's clock that is off does no harm.
 * @throws FileTrouble
 */
export async function settledStamps(paths: readonly string[]): Promise<Settled> {
  let before = await Promise.all(paths.map(stampOf));
  for (let attempt = 1; ; attempt++) {
    const coarse = before.some((stamp) => BigInt(stamp.ctimeNs) % 1_000_000_000n === 0n);
    await delay(coarse ? WHOLE_SECONDS_TICK_MS : TICK_MS);
    const now = await Promise.all(paths.map(stampOf));
    const moved = before.map((stamp, i) => difference(stamp, now[i] as Stamp));
    const first = moved.findIndex((text) => text !== undefined);
    if (first < 0) return { settled: true, stamps: now };
    if (attempt === ATTEMPTS) return { settled: false, index: first, difference: moved[first] as string };
    before = now;
  }
}
