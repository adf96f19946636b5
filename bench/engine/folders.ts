/** Copies, weighs, warms and compares the folders and files that programs are measured on. */
import { createHash } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
} from "node:fs";
import { join, relative } from "node:path";

const MIB = 2 ** 20;

/** Regular files below `folder` (or the file itself), any depth. */
export function filesBelow(folder: string): string[] {
  if (statSync(folder).isFile()) return [folder];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** MiB of all files in these folders, by length: what would have to be sent somewhere else. */
export function mibOf(...folders: readonly string[]): number {
  const bytes = folders.flatMap(filesBelow).reduce((sum, file) => sum + statSync(file).size, 0);
  return Math.round((bytes / MIB) * 100) / 100;
}

/** An empty folder at this path, whatever was there before. */
export function emptyFolder(path: string): string {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  return path;
}

/**
 * `to` becomes `from`. Data files (1 MiB and more, and casync's chunks) are hard links: every program here writes them once and
 * replaces or removes them whole; `fingerprint` proves it. The rest is copied.
 */
export function copyState(from: string, to: string): void {
  emptyFolder(to);
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const source = join(entry.parentPath, entry.name);
    const target = join(to, relative(from, source));
    if (entry.isDirectory()) mkdirSync(target, { recursive: true });
    else if (entry.isFile()) {
      mkdirSync(join(target, ".."), { recursive: true });
      if (source.endsWith(".cacnk") || statSync(source).size >= MIB) linkSync(source, target);
      else copyFileSync(source, target);
    }
  }
}

/** Names, lengths and change times of all data in a prepared state: the same afterwards, or some program wrote into it. */
export function fingerprint(folder: string): string {
  const hash = createHash("sha256");
  for (const file of filesBelow(folder)) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${relative(folder, file)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex");
}

/** Calls `use` with every piece of a file, in order; the buffer is reused. */
export function eachPiece(path: string, bytes: number, use: (piece: Buffer, offset: number) => void): void {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.allocUnsafeSlow(bytes);
    for (let offset = 0; ; ) {
      let filled = 0;
      while (filled < bytes) {
        const got = readSync(file, buffer, filled, bytes - filled, offset + filled);
        if (got === 0) break;
        filled += got;
      }
      if (filled === 0) return;
      use(buffer.subarray(0, filled), offset);
      offset += filled;
    }
  } finally {
    closeSync(file);
  }
}

/** Reads every file once, so that the page cache has it. */
export function warm(...paths: readonly string[]): void {
  for (const file of paths.flatMap(filesBelow)) eachPiece(file, MIB, () => {});
}

/** SHA-256 of a file's bytes, hex. */
export function sha256(path: string): string {
  const hash = createHash("sha256");
  eachPiece(path, MIB, (piece) => hash.update(piece));
  return hash.digest("hex");
}

/** @throws Error unless both files have the same bytes */
export function mustEqual(path: string, original: string, what: string): void {
  const other = openSync(original, "r");
  try {
    if (statSync(path).size !== statSync(original).size) throw new Error(`${what}: another length than ${original}`);
    const expected = Buffer.allocUnsafeSlow(MIB);
    eachPiece(path, MIB, (piece, offset) => {
      const got = readSync(other, expected, 0, piece.length, offset);
      if (got !== piece.length || !piece.equals(expected.subarray(0, got)))
        throw new Error(`${what}: other bytes than ${original} within 1 MiB from byte ${offset}`);
    });
  } finally {
    closeSync(other);
  }
}
