/** Positional reads and writes of whole buffers, past the page cache where the file system can do that. */
import { closeSync, constants, fstatSync, write as fsWrite, openSync, readSync } from "node:fs";
import { alignedMemory } from "./aligned-memory.ts";

// O_DIRECT needs addresses, offsets and lengths aligned to the device's logical block; 4 KiB is the largest in use.
const ALIGNMENT = 4096;
// One copy from cache to cache of this many bytes costs a fraction of what the disk needs for them.
const BOUNCE_BYTES = 1024 * 1024;

/** Reads or writes exactly the whole buffer, or throws; `read` answers how many bytes there were before the end. */
export interface PositionalFile {
  read(offset: number, into: Uint8Array): number;
  /** Leaves the thread free; the bytes must stay as they are until it ends. Direct when they begin at a page of memory. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** No write may be under way. */
  close(): void;
}

/** Reads until the buffer is full or the file ends; answers the bytes read. */
export function readFully(fd: number, into: Uint8Array, offset: number): number {
  let done = 0;
  while (done < into.length) {
    const count = readSync(fd, into, done, into.length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** One write call on a thread of the pool; answers how many bytes it wrote, which may be fewer. */
function writeSome(fd: number, bytes: Uint8Array, offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fsWrite(fd, bytes, 0, bytes.length, offset, (error, count) => (error ? reject(error) : resolve(count)));
  });
}

let shared: Uint8Array | undefined;

/** This thread's aligned buffer: each use ends before the next begins, since every read here is synchronous. */
function bounceBuffer(): Uint8Array {
  shared ??= alignedMemory(BOUNCE_BYTES);
  return shared;
}

/** The same file again with O_DIRECT; undefined where there is none (macOS, tmpfs) or another file has its name now. */
function openDirect(fd: number, path: string): number | undefined {
  if (constants.O_DIRECT === undefined) return undefined;
  let direct: number;
  try {
    direct = openSync(path, constants.O_RDWR | constants.O_DIRECT);
  } catch {
    // EINVAL from file systems without it; whatever else is wrong with the path does not concern the open descriptor.
    return undefined;
  }
  const [ours, theirs] = [fstatSync(fd), fstatSync(direct)];
  if (ours.dev === theirs.dev && ours.ino === theirs.ino) return direct;
  closeSync(direct);
  return undefined;
}

/**
 * A file by its open descriptor `fd`, which stays the caller's. Aligned stretches go past the page cache: a restore
 * writes as fast as the disk takes it instead of filling memory, and what is read back comes from the disk.
 */
export function positionalFile(fd: number, path: string): PositionalFile {
  const opened = openDirect(fd, path);
  let direct = opened;

  /** What a file system says that turns direct access down; from then on everything is buffered. */
  function turnDown(error: unknown): void {
    if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
    // Not closed yet: another write may be under way on it.
    direct = undefined;
  }

  /** How many bytes from here on are one aligned piece. */
  function aligned(offset: number, left: number): number {
    if (direct === undefined || offset % ALIGNMENT !== 0) return 0;
    return left - (left % ALIGNMENT);
  }

  /** Reads one aligned piece through the aligned buffer; false when it is to be read the buffered way. */
  function readDirectly(offset: number, into: Uint8Array): boolean {
    if (direct === undefined) return false;
    const bounce = bounceBuffer();
    try {
      if (readSync(direct, bounce, 0, into.length, offset) !== into.length) return false;
    } catch (error) {
      turnDown(error);
      return false;
    }
    into.set(bounce.subarray(0, into.length));
    return true;
  }

  return {
    read(offset, into) {
      let done = 0;
      while (done < into.length) {
        const piece = Math.min(BOUNCE_BYTES, aligned(offset + done, into.length - done));
        const rest = into.subarray(done, piece === 0 ? undefined : done + piece);
        const count = piece > 0 && readDirectly(offset + done, rest) ? piece : readFully(fd, rest, offset + done);
        done += count;
        if (count < rest.length) break;
      }
      return done;
    },

    async write(offset, bytes) {
      const piece = aligned(offset, bytes.length);
      let done = 0;
      if (direct !== undefined && piece > 0)
        done = await writeSome(direct, bytes.subarray(0, piece), offset).catch((error: unknown) => {
          turnDown(error);
          return 0;
        });
      // The odd end, and what a short write left (a full disk): the buffered way writes it or reports the reason.
      while (done < bytes.length) done += await writeSome(fd, bytes.subarray(done), offset + done);
    },

    close() {
      direct = undefined;
      if (opened !== undefined) closeSync(opened);
    },
  };
}
