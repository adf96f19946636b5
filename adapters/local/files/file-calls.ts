/** Which calls of the file system does the object folder make? One place, so that tests can record and fail them. */
import type { Dirent, Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { link, mkdir, open, readdir, rename, stat, statfs, unlink } from "node:fs/promises";

/** What node:fs/promises does under the same names. */
export interface FileCalls {
  open(path: string, flags: "r" | "wx", mode?: number): Promise<FileHandle>;
  link(from: string, to: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  mkdir(path: string, mode: number): Promise<void>;
  stat(path: string): Promise<Stats>;
  readdir(path: string): Promise<Dirent[]>;
  /** Bytes that an ordinary user may still write. */
  free(path: string): Promise<number>;
}

/** The real ones. */
export const fileCalls: FileCalls = {
  open,
  link,
  rename,
  unlink,
  async mkdir(path, mode) {
    await mkdir(path, { mode });
  },
  stat: (path) => stat(path),
  readdir: (path) => readdir(path, { withFileTypes: true }),
  async free(path) {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  },
};
