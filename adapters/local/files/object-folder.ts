/** How does a folder become an object folder, and what does its owner clear away when it opens it? */
import { dirname, join } from "node:path";
import { syncFolder } from "./durable-folders.ts";
import { codeOf, textOf } from "./failures.ts";
import { fileCalls } from "./file-calls.ts";
import { TMP, TRASH } from "./object-names.ts";

/**
 * Makes the folder with its tmp/ and trash/, durable, at first start; its parent must exist. Doing it again is
 * harmless. The store itself never makes them: a missing tmp/ tells a lost or unmounted disk from an empty store.
 */
export async function createObjectFolder(folder: string): Promise<void> {
  for (const path of [folder, join(folder, TMP), join(folder, TRASH)]) {
    try {
      await fileCalls.mkdir(path, 0o700);
    } catch (error) {
      if (codeOf(error) !== "EEXIST")
        throw new Error(`cannot make the folder ${path}: ${textOf(error)}`, { cause: error });
    }
    await syncFolder(dirname(path), fileCalls);
  }
}

/**
 * Removes what attempts left in tmp/ when their process died, and says how many files. Only the owner of the data
 * folder may call this, before anything writes: a file there could belong to a put that is under way.
 * @throws Error that says what may have become of a folder without tmp/
 */
export async function removeLeftovers(folder: string): Promise<number> {
  const tmp = join(folder, TMP);
  const entries = await fileCalls.readdir(tmp).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT") throw error;
    throw new Error(
      `${tmp} is missing: either the disk with the objects is not mounted, or the folder was copied without its empty folders. ` +
        `Is everything else of ${folder} there, make it: mkdir ${tmp}`,
      { cause: error },
    );
  });
  const files = entries.filter((entry) => entry.isFile());
  for (const file of files) await fileCalls.unlink(join(tmp, file.name));
  return files.length;
}
