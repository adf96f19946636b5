/** Where does the key file of a store lie, and may it lie there? */
import { existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { makeFoldersNow } from "../../adapters/local/files/durable-file.ts";
import { textOf } from "../../adapters/local/files/failures.ts";
import { isInside, StoreRefused } from "./store-folder.ts";

/**
 * `$XDG_CONFIG_HOME/holdfast/keys/<store id>.key`; without the variable, or when it holds no absolute path, below
 * `~/.config` (XDG Base Directory Specification, "Environment variables").
 */
export function defaultKeyFile(storeId: string, env: NodeJS.ProcessEnv): string {
  const { XDG_CONFIG_HOME: given = "" } = env;
  const config = isAbsolute(given) ? given : join(env.HOME || homedir(), ".config");
  return join(config, "holdfast", "keys", `${storeId}.key`);
}

/**
 * Makes the folder for a key file, unless the file would lie inside the store: whoever has the store must not have the key.
 * @returns the absolute path. @throws StoreRefused
 */
export function prepareKeyPlace(file: string, storePath: string): string {
  const path = resolve(file);
  const advice = "name another place with --key-file";
  try {
    // Looked at before anything is made: what exists of the path tells where it leads.
    let there = dirname(path);
    while (!existsSync(there)) there = dirname(there);
    const rest = path.slice(there.length).replace(/^\/+/, "");
    const leads = join(realpathSync(there), rest);
    const inside = leads.startsWith(`${realpathSync(storePath)}/`) || (existsSync(path) && isInside(path, storePath));
    if (inside)
      throw new StoreRefused(
        `the key file ${path} would lie inside the store: whoever has the one must not have the other; ${advice}`,
      );
    makeFoldersNow(dirname(path));
    return path;
  } catch (error) {
    if (error instanceof StoreRefused) throw error;
    throw new StoreRefused(`cannot make the folder of the key file ${path}: ${textOf(error)}; ${advice}`, {
      cause: error,
    });
  }
}
