/** The bytes of disk images: BlockAccess for captured images and restore targets, in any thread. */
import { constants, fdatasync } from "node:fs";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import {
  type BlockAccess,
  type BlockSource,
  type BlockTarget,
  type SnapshotRef,
  SourceChanged,
  type TargetRef,
  TargetUnusable,
} from "../../../core/ports/blocks.ts";
import { positionalFile, readFully } from "./direct-io.ts";
import { fileIn, stampIn, type TargetFile } from "./references.ts";
import { difference, FileTrouble, openRegular, type Stamp, stampOfHandle } from "./stamps.ts";
import { writeBehind } from "./write-behind.ts";

// One piece of a long range of zeros: the target is read in these to see what is zero already.
const ZERO_PIECE = 1024 * 1024;
const ZEROS = Buffer.alloc(ZERO_PIECE);

function checkRange(what: string, size: number, offset: number, length: number): void {
  const valid = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (!valid || offset + length > size)
    throw new RangeError(`${what}: bytes ${offset} to ${offset + length} are outside of 0 to ${size}`);
}

/** Adds what was being done to an error of the file system, keeping its code as the cause's. */
function failed(what: string, error: unknown): Error {
  return new Error(`${what}: ${(error as Error).message}`, { cause: error });
}

function during<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw failed(what, error);
  }
}

/** Closes once, however often it is asked. */
function once(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => (closing ??= close());
}

async function openSource(snapshot: SnapshotRef): Promise<BlockSource> {
  const captured = stampIn(snapshot);
  const { path, size } = captured;
  const what = `disk ${snapshot.diskId} (${path})`;
  const handle = await openRegular(path, "read").catch((error: unknown) => {
    if (error instanceof FileTrouble) throw new SourceChanged(`${what}: ${error.message}`, { cause: error });
    throw error;
  });
  const changed = difference(captured, await stampOfHandle(handle, path));
  if (changed !== undefined) {
    await handle.close();
    throw new SourceChanged(`${what} is not what was captured: ${changed}`);
  }
  return {
    size,
    read(offset, into) {
      checkRange(what, size, offset, into.length);
      const count = during(`${what} cannot be read at ${offset}`, () => readFully(handle.fd, into, offset));
      if (count < into.length) throw new SourceChanged(`${what} ends at ${offset + count} instead of ${size} bytes`);
    },
    close: once(() => handle.close()),
  };
}

/** Makes a new sparse file whose name survives power loss. */
async function create(path: string, size: number): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await handle.truncate(size);
    await handle.sync();
    const folder = await open(dirname(path), constants.O_RDONLY);
    await folder.sync().finally(() => folder.close());
    return handle;
  } catch (error) {
    await handle.close();
    await unlink(path);
    throw error;
  }
}

async function openFile(target: TargetRef, file: TargetFile): Promise<FileHandle> {
  const made = file.dev !== undefined && file.ino !== undefined;
  if (target.mode === "fresh" && !made) {
    return create(file.path, target.size).catch((error: unknown) => {
      throw new TargetUnusable(`${file.path} cannot be made: ${(error as Error).message}`, { cause: error });
    });
  }
  return openRegular(file.path, "write").catch((error: unknown) => {
    if (error instanceof FileTrouble) throw new TargetUnusable(error.message, { cause: error });
    throw error;
  });
}

/** What makes an opened file another one than the reference names; undefined when it is the same. */
function unlike(file: TargetFile, size: number, now: Stamp): string | undefined {
  if ((file.dev ?? now.dev) !== now.dev || (file.ino ?? now.ino) !== now.ino)
    return "it was replaced by another file since it was chosen as a target";
  return now.size === size ? undefined : `its size went from ${size} to ${now.size} bytes since it was chosen`;
}

const datasync = promisify(fdatasync);

async function openTarget(target: TargetRef): Promise<BlockTarget> {
  const file = fileIn(target);
  const { size } = target;
  const what = `disk ${target.diskId} (${file.path})`;
  const handle = await openFile(target, file);
  const wrong = unlike(file, size, await stampOfHandle(handle, file.path));
  if (wrong !== undefined) {
    await handle.close();
    throw new TargetUnusable(`${what}: ${wrong}`);
  }
  const bytes = positionalFile(handle.fd, file.path);
  const behind = writeBehind((offset, block) =>
    bytes.write(offset, block).catch((error: unknown) => {
      throw failed(`${what} cannot be written at ${offset}`, error);
    }),
  );
  const seen = Buffer.alloc(ZERO_PIECE);

  function readNow(offset: number, into: Uint8Array): void {
    const count = during(`${what} cannot be read at ${offset}`, () => bytes.read(offset, into));
    if (count < into.length) throw new Error(`${what} was cut off at ${offset + count} while it was written`);
  }

  // Node cannot punch holes. What is zero already is left alone: a sparse target stays sparse, and reading a hole is
  // many times faster than writing zeros.
  async function zero(offset: number, length: number): Promise<void> {
    await behind.settle(offset, length);
    for (let at = offset; at < offset + length; at += ZERO_PIECE) {
      const zeros = ZEROS.subarray(0, Math.min(ZERO_PIECE, offset + length - at));
      const piece = seen.subarray(0, zeros.length);
      readNow(at, piece);
      if (!piece.equals(zeros)) await behind.write(at, zeros);
    }
  }

  return {
    size,
    write(offset, block) {
      checkRange(what, size, offset, block.length);
      return behind.write(offset, block);
    },
    zero(offset, length) {
      checkRange(what, size, offset, length);
      return zero(offset, length);
    },
    read(offset, into) {
      checkRange(what, size, offset, into.length);
      const wait = behind.settle(offset, into.length);
      return wait === undefined ? readNow(offset, into) : wait.then(() => readNow(offset, into));
    },
    async sync() {
      await behind.drain();
      // Direct writes too: the disk's own cache and the file's block list are flushed by it.
      await datasync(handle.fd);
    },
    close: once(async () => {
      try {
        await behind.end();
      } finally {
        bytes.close();
        await handle.close();
      }
    }),
  };
}

/**
 * The access to images. It holds no lock on a target: Node has none to take. That nobody else has it open is what
 * ResourceProvider.target makes sure of just before, and that no second restore runs is the lease's duty.
 */
export function createImageBlocks(): BlockAccess {
  return { openSource, openTarget };
}
