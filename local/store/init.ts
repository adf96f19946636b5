/** How does a folder become a store? In steps that may be cut off anywhere: a later init goes on where one was killed. */
import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import { takeOwnership } from "../../adapters/local/data-folder/owner-lock.ts";
import { makeFoldersNow, replaceFile, writeNewFile } from "../../adapters/local/files/durable-file.ts";
import { textOf } from "../../adapters/local/files/failures.ts";
import { createObjectFolder } from "../../adapters/local/files/object-folder.ts";
import { createFolderObjectStore } from "../../adapters/local/folder-objects.ts";
import { createKeyFile, createKeyFileIfAbsent } from "../../adapters/local/key-file.ts";
import { KEY_BYTES } from "../../core/engine/numbers.ts";
import { repositoryObjects } from "../../core/engine/repository-objects.ts";
import type { ObjectStore } from "../../core/ports/object-store.ts";
import { randomOf } from "../chance.ts";
import { defaultKeyFile, prepareKeyPlace } from "./key-place.ts";
import { RESERVE_BYTES } from "./reserve.ts";
import { addRecoveryCode, openSecret, writeServiceKey } from "./secret.ts";
import { base32 } from "./short-ids.ts";
import { findBeginning, STORE_FILE, STORE_FORMAT, StoreRefused } from "./store-folder.ts";

export interface NewStore {
  readonly path: string;
  readonly id: string;
  readonly keyFile: string;
  /** False when the key file was there before. */
  readonly keyMade: boolean;
  /** Shown once; it is kept nowhere. */
  readonly recoveryCode: string;
}

export interface InitOptions {
  readonly dir: string;
  /** Where the key is made, or an existing key file to use. Default: the place of `defaultKeyFile`. */
  readonly keyFile?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/** 80 random bits: ids of stores never collide, on any machine. */
const ID_DIGITS = 16;

/**
 * Makes a store: folder, key file, wrapped secret, one recovery object. Nothing that exists is replaced.
 * @throws StoreRefused when the folder is a store already or holds other things, or the key cannot be made
 */
export async function initStore({ dir, keyFile, env }: InitOptions): Promise<NewStore> {
  const path = resolve(dir);
  refuseReady(path, findBeginning(dir)?.ready);
  try {
    makeFoldersNow(path);
  } catch (cause) {
    throw new StoreRefused(`cannot make ${path}: ${textOf(cause)}`, { cause });
  }
  const lock = takeOwnership(path);
  try {
    // Again, now that nobody else can be at it.
    const begun = findBeginning(dir);
    refuseReady(path, begun?.ready);
    const id = begun?.id ?? newStoreFile(path);
    const key = prepareKeyPlace(keyFile ?? defaultKeyFile(id, env), path);
    const keyMade = createKeyFileIfAbsent({ path: key }) === "created";
    await createObjectFolder(join(path, "objects"));
    const store = createFolderObjectStore({ folder: join(path, "objects"), reserveBytes: RESERVE_BYTES });
    const recoveryCode = await writeKeys(repositoryObjects(store, id), id, key, path);
    replaceFile(join(path, STORE_FILE), toText(id, true));
    return { path, id, keyFile: key, keyMade, recoveryCode };
  } finally {
    lock.release();
  }
}

function refuseReady(path: string, ready: boolean | undefined): void {
  if (ready === true) throw new StoreRefused(`${path} is a store already`);
}

function newStoreFile(path: string): string {
  const id = `s-${base32(randomBytes(10), ID_DIGITS)}`;
  writeNewFile(join(path, STORE_FILE), toText(id, false));
  return id;
}

/** Makes the secret, or takes the one that an init made which was killed: what it wrapped is opened by the same key file. */
async function writeKeys(objects: ObjectStore, id: string, keyFile: string, path: string): Promise<string> {
  const keys = createKeyFile({ path: keyFile });
  await writeServiceKey(objects, keys, { domainId: id, secret: randomOf(KEY_BYTES) });
  try {
    const domain = await openSecret(objects, id, { keyFile, defaultKeyFile: keyFile });
    return (await addRecoveryCode(objects, domain)).code;
  } catch (cause) {
    if (!(cause instanceof StoreRefused)) throw cause;
    throw new StoreRefused(
      `an init of this store did not come to its end, and ${cause.message}. Nothing is stored yet: remove ${path} and init again`,
      { cause },
    );
  }
}

const toText = (id: string, ready: boolean): string =>
  `${JSON.stringify({ format: STORE_FORMAT, id, ready }, undefined, 2)}\n`;
