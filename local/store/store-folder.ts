/** Is this folder a store, and which one? */
import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { isLockFile } from "../../adapters/local/data-folder/owner-lock.ts";
import { codeOf, textOf } from "../../adapters/local/files/failures.ts";

/** Version of the folder's layout: raised when an older Holdfast would misread what a newer one wrote. */
export const STORE_FORMAT = 1;
/** Says that a folder is a store. */
export const STORE_FILE = "holdfast-store.json";
/** Says that a folder is a service's data folder. */
const SERVICE_FILE = "holdfast.json";

/** Something about a store, its key or an argument is not as it must be; the message is one line that says what to do. */
export class StoreRefused extends Error {
  override readonly name = "StoreRefused";
}

export interface StoreFolder {
  /** Absolute, as it was named. */
  readonly path: string;
  /** `service`: the data folder of a service, which is read but never written. */
  readonly kind: "store" | "service";
  /** The object folder. */
  readonly objects: string;
  /** Id of the store, and of the key domain in it; undefined for a service, which may have several. */
  readonly id: string | undefined;
  /** False until `store init` came to its end. */
  readonly ready: boolean;
}

/** Looks at a folder that should be a store, or a service's. @throws StoreRefused */
export function findStore(dir: string): StoreFolder {
  const path = resolve(dir);
  const objects = join(path, "objects");
  const names = namesIn(path);
  if (names === undefined)
    throw new StoreRefused(`${path} does not exist: make a store there with "holdfast store init --store ${dir}"`);
  if (names.includes(STORE_FILE)) {
    const { id, ready } = readStoreFile(path);
    return { path, kind: "store", objects, id, ready };
  }
  if (names.includes(SERVICE_FILE)) return { path, kind: "service", objects, id: undefined, ready: true };
  throw new StoreRefused(`${path} is no store: it has no ${STORE_FILE}`);
}

/** The store at a folder where a store may be made: undefined when there is none yet. @throws StoreRefused */
export function findBeginning(dir: string): StoreFolder | undefined {
  const path = resolve(dir);
  const names = namesIn(path);
  if (names?.includes(STORE_FILE) === true) return findStore(dir);
  const foreign = names?.find((name) => !isLockFile(name) && !isBeginning(name) && name !== "lost+found");
  if (foreign === undefined) return undefined;
  if (names?.includes(SERVICE_FILE) === true)
    throw new StoreRefused(`${path} is the data folder of a service: name a new folder`);
  throw new StoreRefused(
    `${path} is no store and not empty (it holds ${JSON.stringify(foreign)}): name a new or an empty folder`,
  );
}

/** Whether `path` is inside of `folder`, with all symbolic links followed; both exist. */
export function isInside(path: string, folder: string): boolean {
  const inner = realpathSync(path);
  const outer = realpathSync(folder);
  return inner === outer || inner.startsWith(outer.endsWith("/") ? outer : `${outer}/`);
}

/** A version file that an init began and did not finish. */
function isBeginning(name: string): boolean {
  return name.startsWith(`${STORE_FILE}.`) && name.endsWith(".tmp");
}

function namesIn(path: string): string[] | undefined {
  try {
    if (!statSync(path).isDirectory()) throw new StoreRefused(`${path} is not a folder`);
    return readdirSync(path);
  } catch (error) {
    if (error instanceof StoreRefused) throw error;
    if (codeOf(error) === "ENOENT") return undefined;
    throw new StoreRefused(`cannot use ${path}: ${textOf(error)}`, { cause: error });
  }
}

function readStoreFile(path: string): { readonly id: string; readonly ready: boolean } {
  const file = join(path, STORE_FILE);
  let found: { readonly format?: unknown; readonly id?: unknown; readonly ready?: unknown } | null;
  try {
    found = JSON.parse(readFileSync(file, "utf8")) as typeof found;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw new StoreRefused(`cannot read ${file}: ${textOf(cause)}`, { cause });
    found = null;
  }
  const { format, id, ready } = found ?? {};
  if (typeof format === "number" && format > STORE_FORMAT)
    throw new StoreRefused(
      `${path} has format ${format}, this Holdfast knows formats up to ${STORE_FORMAT}: use the newer Holdfast that wrote it`,
    );
  if (format !== STORE_FORMAT || typeof id !== "string" || !/^[a-z0-9-]{1,64}$/.test(id))
    throw new StoreRefused(
      `${file} is damaged. It holds {"format": ${STORE_FORMAT}, "id": ID, "ready": true}, where ID is the name of the folder in ${join(path, "objects")}`,
    );
  return { id, ready: ready === true };
}
