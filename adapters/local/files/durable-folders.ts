/** How do names in folders survive power loss, with as few fsyncs as possible? */
import { dirname } from "node:path";
import { codeOf } from "./failures.ts";
import type { FileCalls } from "./file-calls.ts";

/** Folders are the owner's alone: names of backups are nobody else's business. */
const FOLDER_MODE = 0o700;

export interface DurableFolders {
  /** Resolves when every name that stood in the folder at the call would survive; calls at one time share an fsync. */
  sync(folder: string): Promise<void>;
  /** Makes the folder and its parents below the root when absent, and makes their names durable. */
  make(folder: string): Promise<void>;
  /** Looks again at the next `make`: somebody may have removed a folder. */
  forget(): void;
}

/** Folders below `root`, which must exist and is never made here: it may be an unmounted disk. */
export function createDurableFolders(root: string, calls: FileCalls): DurableFolders {
  const syncs = new Map<string, { readonly running: Promise<void>; next?: Promise<void> }>();
  const made = new Map<string, Promise<void>>();

  function start(folder: string): Promise<void> {
    const running = syncFolder(folder, calls);
    const state = { running };
    syncs.set(folder, state);
    const done = () => {
      if (syncs.get(folder) === state) syncs.delete(folder);
    };
    running.then(done, done);
    return running;
  }
  function sync(folder: string): Promise<void> {
    const state = syncs.get(folder);
    if (state === undefined) return start(folder);
    // The running one may have begun before our name was there: all who come now share the one after it.
    const begin = () => start(folder);
    state.next ??= state.running.then(begin, begin);
    return state.next;
  }
  async function makeNow(folder: string): Promise<void> {
    await make(dirname(folder));
    try {
      await calls.mkdir(folder, FOLDER_MODE);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
    // Also when it was there already: its maker may have died before this fsync.
    await sync(dirname(folder));
  }
  function make(folder: string): Promise<void> {
    if (folder === root) return Promise.resolve();
    let making = made.get(folder);
    if (making === undefined) {
      making = makeNow(folder);
      made.set(folder, making);
      making.catch(() => made.delete(folder));
    }
    return making;
  }
  return { sync, make, forget: () => made.clear() };
}

/** fsync of one folder. */
export async function syncFolder(folder: string, calls: FileCalls): Promise<void> {
  const handle = await calls.open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
