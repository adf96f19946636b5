/** The file that a restore writes: made for it, or overwritten. */
import { constants } from "node:fs";
import { type FileHandle, open, stat, unlink } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { syncFolderNow } from "../../adapters/local/files/durable-file.ts";
import { codeOf, textOf } from "../../adapters/local/files/failures.ts";
import { describeOpener } from "../../adapters/local/images/openers.ts";
import { createProcesses } from "../../adapters/local/images/processes.ts";
import { IMAGE_PROVIDER } from "../../adapters/local/images/references.ts";
import { FileTrouble, openRegular } from "../../adapters/local/images/stamps.ts";
import { type TargetRef, TargetUnusable } from "../../core/ports/blocks.ts";
import { deadTargets, type HeldRun, type MadeFile, type RunTarget } from "./runs.ts";

export interface FileTarget {
  readonly reference: TargetRef;
  /** True when this restore made the file. */
  readonly made: boolean;
  /** Makes its name durable. */
  finish(): Promise<void>;
  /** Removes the file when this restore made it. */
  abandon(): Promise<void>;
}

/** Who makes a file, and where what others left is noted. */
export interface Making {
  /** Folder of the store. */
  readonly store: string;
  readonly now: number;
  readonly run: HeldRun;
}

/** What a restore that was killed left half done is ours, and made anew. @throws TargetUnusable when something else has the name */
export async function newFile(path: string, size: number, { store, now, run }: Making): Promise<FileTarget> {
  let handle: FileHandle;
  run.note({ path });
  try {
    handle = await create(path, store, now);
  } catch (cause) {
    if (codeOf(cause) === "EEXIST") throw new TargetUnusable(`${path} exists: --overwrite restores onto it`, { cause });
    throw new TargetUnusable(`${path} cannot be made: ${textOf(cause)}`, { cause });
  }
  try {
    const file = await fileOf(handle);
    run.note({ path, file });
    await handle.truncate(size);
    return {
      reference: referenceTo(path, file, "fresh", size),
      made: true,
      finish: async () => syncFolderNow(dirname(path)),
      abandon: async () => void (await removeIfOurs({ path, file })),
    };
  } catch (cause) {
    await unlink(path);
    throw new TargetUnusable(`${path} cannot be made ${size} bytes long: ${textOf(cause)}`, { cause });
  } finally {
    await handle.close();
  }
}

/** The file is made exactly as long as the backup; a missing one is made. @throws TargetUnusable */
export async function existingFile(path: string, size: number, making: Making): Promise<FileTarget> {
  let handle: FileHandle;
  try {
    handle = await openRegular(path, "write");
  } catch (cause) {
    if (!(cause instanceof FileTrouble)) throw cause;
    if (cause.kind === "missing") return newFile(path, size, making);
    throw new TargetUnusable(cause.message.replace("the user that runs the service", "you"), { cause });
  }
  try {
    const { dev, ino } = await handle.stat({ bigint: true });
    const { byFile } = await createProcesses().openersOf([{ path, dev, ino }]);
    const [opener] = byFile[0] ?? [];
    if (opener !== undefined) throw new TargetUnusable(`${describeOpener(opener)}: ${path}; stop it before restoring`);
    await handle.truncate(size);
    const nothing = async (): Promise<void> => undefined;
    const file = await fileOf(handle);
    return { reference: referenceTo(path, file, "overwrite", size), made: false, finish: nothing, abandon: nothing };
  } finally {
    await handle.close();
  }
}

async function create(path: string, store: string, now: number): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
  try {
    return await open(path, flags, 0o600);
  } catch (error) {
    if (codeOf(error) !== "EEXIST" || !(await removeRemains(path, store, now))) throw error;
    return open(path, flags, 0o600);
  }
}

/** Removes the file when a restore from this store made it and died. */
async function removeRemains(path: string, store: string, now: number): Promise<boolean> {
  let removed = false;
  for (const { target, forget } of deadTargets(store, now)) {
    if (target.path !== path) continue;
    removed = (await removeIfOurs(target)) || removed;
    forget();
  }
  return removed;
}

/** A file that its restore had no time to note is taken for its own when it holds nothing at all. */
async function removeIfOurs({ path, file }: RunTarget): Promise<boolean> {
  try {
    const { dev, ino, birthtimeNs, blocks } = await stat(path, { bigint: true });
    const same =
      file === undefined
        ? blocks === 0n
        : `${dev}` === file.dev && `${ino}` === file.ino && `${birthtimeNs}` === file.born;
    if (same) await unlink(path);
    return same;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

async function fileOf(handle: FileHandle): Promise<MadeFile> {
  const { dev, ino, birthtimeNs } = await handle.stat({ bigint: true });
  return { dev: `${dev}`, ino: `${ino}`, born: `${birthtimeNs}` };
}

function referenceTo(path: string, { dev, ino }: MadeFile, mode: TargetRef["mode"], size: number): TargetRef {
  return { provider: IMAGE_PROVIDER, diskId: basename(path), mode, size, detail: { path, dev, ino } };
}
