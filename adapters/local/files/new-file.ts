/** How does a whole file get its name only if nothing has that name? */
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { codeOf } from "./failures.ts";
import type { FileCalls, OpenFile } from "./file-calls.ts";

/** Objects are the owner's alone. */
const FILE_MODE = 0o600;
/** What link() says on file systems without hard links (exFAT, many network shares). */
const NO_LINKS: ReadonlySet<string | undefined> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);
/** How long to wait for another attempt on the same name where there are no hard links: a rename takes far less. */
const CLAIM_WAIT_MS = 10_000;
const CLAIM_LOOK_MS = 20;
/** Direct writes want offset, length and address aligned to the device's block; 4 KiB is the largest in use. */
const PAGE = 4096;
/** Smaller objects go through the page cache: they are read again soon, and opening twice would cost more than copying. */
const DIRECT_FROM_BYTES = 1024 * 1024;

/**
 * Writes the bytes to a new file in `tmp` and makes them durable. @returns its path; on an error nothing stays behind
 */
export async function writeTemporary(tmp: string, bytes: Uint8Array, calls: FileCalls): Promise<string> {
  const path = join(tmp, `put-${process.pid}-${randomBytes(12).toString("hex")}`);
  const handle = await calls.open(path, "wx", FILE_MODE);
  try {
    try {
      await writeAll(handle, path, bytes, calls);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    await dropTemporary(path, calls);
    throw error;
  }
  return path;
}

async function writeAll(handle: OpenFile, path: string, bytes: Uint8Array, calls: FileCalls): Promise<void> {
  let done = await writeDirectly(path, bytes, calls);
  // What is no whole page, what a short write left, and everything where nothing can be written directly.
  while (done < bytes.length) done += await handle.write(bytes.subarray(done), done);
}

/**
 * Writes whole pages past the page cache, when the bytes lie at pages of memory as packs do; answers how many bytes. A
 * buffered write copies them all, and pages of the cache must be found for them first: half of the processor time of a put.
 */
async function writeDirectly(path: string, bytes: Uint8Array, calls: FileCalls): Promise<number> {
  if (bytes.length < DIRECT_FROM_BYTES || bytes.byteOffset % PAGE !== 0) return 0;
  try {
    const direct = await calls.open(path, "direct");
    try {
      return await direct.write(bytes.subarray(0, bytes.length - (bytes.length % PAGE)), 0);
    } finally {
      await direct.close();
    }
  } catch (error) {
    // The file system has no direct access, or wants the memory aligned otherwise.
    if (codeOf(error) === "EINVAL") return 0;
    throw error;
  }
}

/** Removes a temporary file; one that stays is removed when the owner next opens the folder. */
export async function dropTemporary(path: string, calls: FileCalls): Promise<void> {
  await calls.unlink(path).catch(() => undefined);
}

/** Gives a durable temporary file its final name, unless that name is taken. The folder is still to be synced. */
export async function giveName(temporary: string, path: string, tmp: string, calls: FileCalls) {
  try {
    await calls.link(temporary, path);
    return "created";
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST") return taken(path, calls);
    if (NO_LINKS.has(code)) return nameUnderClaim(temporary, path, tmp, calls);
    throw error;
  }
}

/**
 * Without hard links: rename would replace a file, so that only the holder of a claim on the name looks and renames.
 */
async function nameUnderClaim(temporary: string, path: string, tmp: string, calls: FileCalls) {
  const claim = join(tmp, `claim-${createHash("sha256").update(path).digest("hex")}`);
  await takeClaim(claim, calls);
  try {
    if (await isThere(path, calls)) return await taken(path, calls);
    await calls.rename(temporary, path);
    return "created";
  } finally {
    await dropTemporary(claim, calls);
  }
}

async function takeClaim(claim: string, calls: FileCalls): Promise<void> {
  for (let waited = 0; ; waited += CLAIM_LOOK_MS) {
    try {
      const handle = await calls.open(claim, "wx", FILE_MODE);
      return await handle.close();
    } catch (error) {
      if (codeOf(error) !== "EEXIST" || waited >= CLAIM_WAIT_MS) throw error;
      await pause(CLAIM_LOOK_MS);
    }
  }
}

async function isThere(path: string, calls: FileCalls): Promise<boolean> {
  try {
    await calls.stat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

/** A folder of that name is no object: saying "exists" would claim bytes that are nowhere. */
async function taken(path: string, calls: FileCalls): Promise<"exists"> {
  if ((await calls.stat(path)).isFile()) return "exists";
  throw new Error("a folder of this name is in the way");
}
