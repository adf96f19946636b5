/** Opens a store: which folder, which domain, with what secret, and whether anybody else writes it. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type OwnerLock, takeOwnership } from "../../adapters/local/data-folder/owner-lock.ts";
import { textOf } from "../../adapters/local/files/failures.ts";
import { removeLeftovers } from "../../adapters/local/files/object-folder.ts";
import { createFolderObjectStore } from "../../adapters/local/folder-objects.ts";
import { repositoryObjects } from "../../core/engine/repository-objects.ts";
import type { DomainKeys } from "../../core/ports/data-plane.ts";
import type { ObjectStore } from "../../core/ports/object-store.ts";
import type { LocalIoOptions } from "../data-plane/io.ts";
import { defaultKeyFile } from "./key-place.ts";
import { RESERVE_BYTES } from "./reserve.ts";
import { type Credentials, openSecret } from "./secret.ts";
import { findStore, type StoreFolder, StoreRefused } from "./store-folder.ts";

/** How a command comes to its store. */
export interface OpenOptions {
  readonly dir: string;
  readonly keyFile?: string | undefined;
  readonly recoveryCode?: string | undefined;
  /** Asks a person for the recovery code. */
  readonly ask?: (() => Promise<string>) | undefined;
  /** Which domain of a service's repository. */
  readonly domain?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Bytes that stay free. Default: RESERVE_BYTES. */
  readonly reserveBytes?: number | undefined;
}

/** A store whose secret is known. */
export interface OpenStore {
  readonly folder: StoreFolder;
  readonly domain: DomainKeys;
  /** All objects, as worker threads open them too. */
  readonly io: LocalIoOptions;
  readonly all: ObjectStore;
  /** Those of the domain, by their names inside the repository. */
  readonly objects: ObjectStore;
  readonly now: () => number;
}

/** @throws StoreRefused, RecoveryCodeWrong, StoreFailed */
export async function openStore(options: OpenOptions): Promise<OpenStore> {
  const { dir, env, now } = options;
  const folder = findStore(dir);
  if (!folder.ready)
    throw new StoreRefused(
      `an init of ${folder.path} did not come to its end: run "holdfast store init --store ${dir}" again, it goes on from there`,
    );
  const io = { folder: folder.objects, reserveBytes: options.reserveBytes ?? RESERVE_BYTES };
  const all = createFolderObjectStore({ ...io, now });
  const domainId = folder.id ?? chooseDomain(folder, options.domain);
  if (folder.id !== undefined && options.domain !== undefined && options.domain !== folder.id)
    throw new StoreRefused(`${folder.path} is a store of its own: its only domain is ${folder.id}`);
  const objects = repositoryObjects(all, domainId);
  return { folder, domain: await openSecret(objects, domainId, credentials(options, folder)), io, all, objects, now };
  function credentials(given: OpenOptions, { kind, path, id = "" }: StoreFolder): Credentials {
    const place = kind === "service" ? join(path, "key") : defaultKeyFile(id, env);
    const { keyFile, recoveryCode, ask } = given;
    return { keyFile, defaultKeyFile: place, recoveryCode, ask };
  }
}

/** The domain of a service's repository. @throws StoreRefused when it is not clear which is meant */
function chooseDomain({ path, objects }: StoreFolder, named: string | undefined): string {
  let domains: string[];
  try {
    domains = readdirSync(objects).filter((name) => existsSync(join(objects, name, "keys")));
  } catch (cause) {
    throw new StoreRefused(`cannot read ${objects}: ${textOf(cause)}`, { cause });
  }
  const [only] = domains;
  const list = domains.join(", ");
  if (named !== undefined) {
    if (domains.includes(named)) return named;
    throw new StoreRefused(`${path} has no domain ${named}; it has: ${list === "" ? "none" : list}`);
  }
  if (only === undefined) throw new StoreRefused(`${path} holds no backups yet`);
  if (domains.length > 1) throw new StoreRefused(`${path} has several domains: name one with --domain: ${list}`);
  return only;
}

/**
 * Makes this process the one writer of the store until `release`; a dead writer's place is taken at once, and what it left
 * half written is removed. @throws StoreRefused for a service's folder, FolderOwned with pid and host of a live writer
 */
export async function lockStore({ folder }: Pick<OpenStore, "folder">): Promise<OwnerLock> {
  if (folder.kind === "service")
    throw new StoreRefused(
      `${folder.path} is the data folder of a service, and only read by "holdfast store": use the service's own commands`,
    );
  let lock: OwnerLock;
  try {
    lock = takeOwnership(folder.path);
  } catch (cause) {
    if (cause instanceof Error && cause.name === "FolderOwned") throw cause;
    throw new StoreRefused(`${folder.path} cannot be written: ${textOf(cause)}`, { cause });
  }
  try {
    await removeLeftovers(folder.objects);
    return lock;
  } catch (error) {
    lock.release();
    throw error;
  }
}
