/** Which disk does the demo back up? An image with a real file system where mke2fs exists, a plain one elsewhere. */
import { spawnSync } from "node:child_process";
import { createHash, randomFillSync } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

const MIB = 1024 ** 2;
/** Bytes of the image: large enough to be a disk, small enough for a minute on a slow machine. */
export const imageSize = 256 * MIB;
/** Files on it, and what is added before the second backup; MiB. */
const FIRST_FILES = [16, 16, 16, 16, 16, 16];
const LATER_FILE = 8;

/** Debian keeps these outside a user's PATH. */
const PATH = `${process.env.PATH ?? ""}:/usr/sbin:/sbin`;

/** Runs a tool of e2fsprogs; false when it is not installed or failed. */
function tool(name: string, args: readonly string[]): boolean {
  return spawnSync(name, args, { env: { ...process.env, PATH }, stdio: "ignore" }).status === 0;
}

/** Bytes like those of real files: half of them compress well. */
function content(mib: number): Buffer {
  const bytes = Buffer.alloc(mib * MIB, "All work is recorded before it is begun. ");
  for (let at = 0; at < bytes.length; at += 2 * MIB) randomFillSync(bytes, at, MIB);
  return bytes;
}

/** Makes the image. Answers what is on it, in words. `work`: a folder for files on their way. */
export async function makeImage(image: string, work: string): Promise<string> {
  const files = join(work, "files");
  await mkdir(files);
  for (const [index, mib] of FIRST_FILES.entries()) await writeFile(join(files, `file-${index}`), content(mib));
  await writeFile(image, "");
  await truncate(image, imageSize);
  const real = tool("mke2fs", ["-q", "-F", "-t", "ext4", "-d", files, image]);
  if (!real) {
    // A failed attempt may have left something behind.
    await truncate(image, 0);
    await truncate(image, imageSize);
    let at = MIB;
    for (const mib of FIRST_FILES) {
      await overwrite(image, at, content(mib));
      at += (mib + LATER_FILE) * MIB;
    }
  }
  await rm(files, { recursive: true });
  return real ? "an ext4 file system" : "plain data (mke2fs is not installed)";
}

/** Adds a file to the file system, or changes the plain data. */
export async function changeImage(image: string, work: string): Promise<void> {
  const file = join(work, "later");
  const bytes = content(LATER_FILE);
  await writeFile(file, bytes);
  if (!tool("debugfs", ["-w", "-R", `write ${file} later`, image])) await overwrite(image, 20 * MIB, bytes);
  await rm(file);
}

/** Overwrites everything with rubbish of the same size: what a broken disk or an encrypting intruder leaves. */
export async function destroyImage(image: string): Promise<void> {
  const rubbish = Buffer.alloc(4 * MIB);
  for (let at = 0; at < imageSize; at += rubbish.length) await overwrite(image, at, randomFillSync(rubbish));
}

async function overwrite(image: string, at: number, bytes: Uint8Array): Promise<void> {
  const file = await open(image, "r+");
  try {
    await file.write(bytes, 0, bytes.length, at);
  } finally {
    await file.close();
  }
}

/** SHA-256 of the whole image, in hex. */
export async function hashImage(image: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(image, { highWaterMark: 4 * MIB }), hash);
  return hash.digest("hex");
}
