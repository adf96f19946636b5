/** Which calls of the file system does the object folder make? One place, so that tests can record and fail them. */
import type { Dirent, Stats } from "node:fs";
import * as fs from "node:fs";
import { link, mkdir, readdir, rename, stat, statfs, unlink } from "node:fs/promises";
import { promisify } from "node:util";
import { isMainThread } from "node:worker_threads";

/** A file or folder that is open. */
export interface OpenFile {
  stat(): Promise<Stats>;
  /** One read call; answers how many bytes it gave, 0 at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** One write call; answers how many bytes it took. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What node:fs/promises does under the same names. */
export interface FileCalls {
  /** `direct` writes a file that is there past the page cache; EINVAL where the file system cannot. */
  open(path: string, flags: "r" | "wx" | "direct", mode?: number): Promise<OpenFile>;
  link(from: string, to: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  mkdir(path: string, mode: number): Promise<void>;
  stat(path: string): Promise<Stats>;
  readdir(path: string): Promise<Dirent[]>;
  /** Bytes that an ordinary user may still write. */
  free(path: string): Promise<number>;
}

/** Bytes that are read on the spot: a header or a directory. Larger reads run beside the work, as all writes and fsyncs do. */
const QUICK_READ_BYTES = 128 * 1024;

const later = {
  open: promisify(fs.open),
  fstat: promisify<number, Stats>(fs.fstat),
  fsync: promisify(fs.fsync),
  close: promisify(fs.close),
};

type Transfer = (
  fd: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  position: number,
  done: (error: Error | null, count: number) => void,
) => void;

/** One call of libuv's pool, however many bytes. */
function transfer(call: Transfer, fd: number, bytes: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    call(fd, bytes, 0, bytes.length, position, (error, count) => (error ? reject(error) : resolve(count)));
  });
}

function openFile(fd: number, onTheSpot: boolean): OpenFile {
  return {
    stat: async () => (onTheSpot ? fs.fstatSync(fd) : later.fstat(fd)),
    read: async (into, position) =>
      onTheSpot && into.length <= QUICK_READ_BYTES
        ? fs.readSync(fd, into, 0, into.length, position)
        : transfer(fs.read, fd, into, position),
    write: (bytes, position) => transfer(fs.write, fd, bytes, position),
    sync: () => later.fsync(fd),
    close: async () => (onTheSpot ? fs.closeSync(fd) : later.close(fd)),
  };
}

/** macOS and Windows have no such flag: files cannot be opened so there. */
function directFlags(): number {
  const { O_DIRECT, O_WRONLY } = fs.constants;
  if (O_DIRECT === undefined) throw Object.assign(new Error("no direct access here"), { code: "EINVAL" });
  return O_WRONLY | O_DIRECT;
}

/**
 * The real calls. `onTheSpot`: quick ones are made synchronously, which takes 2 to 10 µs; by way of libuv's pool each costs
 * 50 to 100 µs and waits for a turn of the event loop.
 */
export function makeFileCalls(onTheSpot: boolean): FileCalls {
  return {
    async open(path, flags, mode) {
      const bits = flags === "direct" ? directFlags() : flags;
      return openFile(onTheSpot ? fs.openSync(path, bits, mode) : await later.open(path, bits, mode), onTheSpot);
    },
    link,
    rename,
    unlink,
    async mkdir(path, mode) {
      await mkdir(path, { mode });
    },
    stat: async (path) => (onTheSpot ? fs.statSync(path) : stat(path)),
    readdir: (path) => readdir(path, { withFileTypes: true }),
    async free(path) {
      const { bavail, bsize } = onTheSpot ? fs.statfsSync(path) : await statfs(path);
      return bavail * bsize;
    },
  };
}

/** Those for this thread: the main thread answers requests and waits for no disk, a worker thread has nothing else to do. */
export const fileCalls = makeFileCalls(!isMainThread);
