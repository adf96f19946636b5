/** How does a small file get on the disk whole, or not at all? */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { codeOf } from "./failures.ts";

/** Only the owner may read: keys, credentials and names of hosts stand in such files. */
const FILE_MODE = 0o600;

/**
 * Writes a new file, mode 0600, durable with its name when this returns; a crash leaves the whole file or none.
 * Where the file system has no hard links the file is made in place, so that a crash may leave a part of it.
 * @returns "exists" when something has that name; nothing is changed then. @throws the system's error
 */
export function writeNewFile(path: string, text: string): "created" | "exists" {
  const temporary = writeBeside(path, text);
  try {
    linkSync(temporary, path);
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST") return "exists";
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "EOPNOTSUPP" && code !== "ENOSYS") throw error;
    if (existsSync(path)) return "exists";
    writeDurably(path, text);
  } finally {
    rmSync(temporary, { force: true });
  }
  syncFolderNow(dirname(path));
  return "created";
}

/** Replaces a file, mode 0600, durably; a crash leaves the old one or the new one. @throws the system's error */
export function replaceFile(path: string, text: string): void {
  const temporary = writeBeside(path, text);
  try {
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
  syncFolderNow(dirname(path));
}

/** fsync of a folder: the names in it survive power loss. */
export function syncFolderNow(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function writeBeside(path: string, text: string): string {
  const temporary = `${path}.${process.pid}-${randomBytes(6).toString("hex")}.tmp`;
  try {
    writeDurably(temporary, text);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return temporary;
}

/** O_EXCL: never follows or changes what has that name. */
function writeDurably(path: string, text: string): void {
  const fd = openSync(path, "wx", FILE_MODE);
  try {
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Makes a folder and its missing parents, all the owner's alone, each name durable. @throws the system's error */
export function makeFoldersNow(path: string): void {
  const first = mkdirSync(path, { recursive: true, mode: 0o700 }) ?? path;
  for (let folder = path; ; folder = dirname(folder)) {
    syncFolderNow(dirname(folder));
    if (folder === first) return;
  }
}
