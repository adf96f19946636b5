/** Positional reads and writes of whole buffers, past the page cache where the file system can do that. */
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";

// O_DIRECT needs addresses, offsets and lengths aligned to the device's logical block; 4 KiB is the largest in use.
const ALIGNMENT = 4096;
// One copy from cache to cache of this many bytes costs a fraction of what the disk needs for them.
const BOUNCE_BYTES = 1024 * 1024;
const WASM_PAGE = 65_536;

// Node has it, but its type definitions leave it to the browser's.
declare const WebAssembly: { readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer } };

/** Reads or writes exactly the whole buffer, or throws; `read` answers how many bytes there were before the end. */
export interface PositionalFile {
  read(offset: number, into: Uint8Array): number;
  write(offset: number, bytes: Uint8Array): void;
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

function writeFully(fd: number, bytes: Uint8Array, offset: number): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
}

let shared: Uint8Array | undefined;

/** This thread's aligned buffer: each use ends before the next begins, since every call here is synchronous. */
function bounceBuffer(): Uint8Array {
  // The only memory that Node hands out with a page's alignment.
  shared ??= new Uint8Array(new WebAssembly.Memory({ initial: BOUNCE_BYTES / WASM_PAGE }).buffer);
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
  let direct = openDirect(fd, path);
  function dropDirect(): void {
    if (direct !== undefined) closeSync(direct);
    direct = undefined;
  }

  /** Runs one aligned piece; false when the file system turns it down, and from then on everything is buffered. */
  function directly(action: (direct: number) => boolean): boolean {
    if (direct === undefined) return false;
    try {
      return action(direct);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
      dropDirect();
      return false;
    }
  }

  /** How many bytes from here on are one aligned piece. */
  function aligned(offset: number, left: number): number {
    if (direct === undefined || offset % ALIGNMENT !== 0) return 0;
    return Math.min(BOUNCE_BYTES, left - (left % ALIGNMENT));
  }

  return {
    write(offset, bytes) {
      let done = 0;
      while (done < bytes.length) {
        const piece = aligned(offset + done, bytes.length - done);
        const rest = bytes.subarray(done, piece === 0 ? undefined : done + piece);
        const written =
          piece > 0 &&
          directly((fd) => {
            const bounce = bounceBuffer();
            bounce.set(rest);
            // A short write (a full disk) is repeated below by the buffered way, which reports the reason.
            return writeSync(fd, bounce, 0, piece, offset + done) === piece;
          });
        if (!written) writeFully(fd, rest, offset + done);
        done += rest.length;
      }
    },

    read(offset, into) {
      let done = 0;
      while (done < into.length) {
        const piece = aligned(offset + done, into.length - done);
        const rest = into.subarray(done, piece === 0 ? undefined : done + piece);
        const got =
          piece > 0 &&
          directly((fd) => {
            const bounce = bounceBuffer();
            if (readSync(fd, bounce, 0, piece, offset + done) !== piece) return false;
            rest.set(bounce.subarray(0, piece));
            return true;
          });
        const count = got ? piece : readFully(fd, rest, offset + done);
        done += count;
        if (count < rest.length) break;
      }
      return done;
    },

    close: dropDirect,
  };
}
