/** What opens a store: its secret, wrapped by a key file or sealed under recovery codes, beside the packs. */
import { existsSync } from "node:fs";
import { createKeyFile } from "../../adapters/local/key-file.ts";
import type { Keyring } from "../../core/app/repository/keyring.ts";
import { parseRecoveryCode } from "../../core/engine/recovery-code.ts";
import { checkRecovery, makeRecovery, openRecovery, RECOVERY } from "../../core/engine/recovery-object.ts";
import { repositoryObjects } from "../../core/engine/repository-objects.ts";
import { Damaged, type DomainKeys } from "../../core/ports/data-plane.ts";
import { KeyMismatch, type KeyService } from "../../core/ports/key-service.ts";
import { ObjectMissing, type ObjectStore } from "../../core/ports/object-store.ts";
import { randomOf } from "../chance.ts";
import { StoreRefused } from "./store-folder.ts";

/** docs/format.md, section 3. */
const SERVICE_KEY = "keys/service";
const contextOf = (domainId: string) => ({ purpose: "domain-key", domain: domainId });

/** How somebody wants to open a store. */
export interface Credentials {
  /** The key file to use; without one, the file at the default place. */
  readonly keyFile: string | undefined;
  readonly defaultKeyFile: string;
  /** Used instead of any key file. */
  readonly recoveryCode?: string | undefined;
  /** Asks a person for the recovery code when there is no key file; absent when nobody is there to be asked. */
  readonly ask?: (() => Promise<string>) | undefined;
}

/**
 * Opens the secret of one domain. `objects` are those of the domain.
 * @throws StoreRefused with one line that says what does not fit and what to do; RecoveryCodeWrong; StoreFailed
 */
export async function openSecret(objects: ObjectStore, domainId: string, given: Credentials): Promise<DomainKeys> {
  if (given.recoveryCode !== undefined) return openByCode(objects, domainId, given.recoveryCode);
  const path = given.keyFile ?? given.defaultKeyFile;
  if (given.keyFile !== undefined || existsSync(path))
    return openByKey(objects, domainId, createKeyFile({ path }), path);
  if (given.ask !== undefined) return openByCode(objects, domainId, await given.ask());
  throw new StoreRefused(
    `there is no key at ${path}: name the key file with --key-file FILE, or give the recovery code with --recovery-code CODE`,
  );
}

async function openByKey(objects: ObjectStore, domainId: string, keys: KeyService, path: string): Promise<DomainKeys> {
  const wrapped = await wrappedSecret(objects, domainId);
  try {
    return { domainId, secret: await keys.unwrap(wrapped, contextOf(domainId)) };
  } catch (cause) {
    if (!(cause instanceof KeyMismatch)) throw cause;
    throw new StoreRefused(`${path} does not open this store: ${cause.message}`, { cause });
  }
}

async function wrappedSecret(objects: ObjectStore, domainId: string): Promise<Uint8Array> {
  try {
    return parseServiceKey(await objects.get(SERVICE_KEY), domainId);
  } catch (cause) {
    if (!(cause instanceof ObjectMissing || cause instanceof Damaged)) throw cause;
    throw new StoreRefused(
      `${cause instanceof Damaged ? cause.message : `${SERVICE_KEY} is missing`}: the key file cannot open this store any more; give the recovery code with --recovery-code CODE`,
      { cause },
    );
  }
}

/** The wrapped secret in `keys/service`. @throws Damaged */
function parseServiceKey(bytes: Uint8Array, domainId: string): Uint8Array {
  let found: { readonly format?: unknown; readonly domain?: unknown; readonly wrapped?: unknown } | null;
  try {
    found = JSON.parse(Buffer.from(bytes).toString("utf8")) as typeof found;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    found = null;
  }
  const { format, domain, wrapped } = found ?? {};
  if (format !== 1 || typeof wrapped !== "string") throw new Damaged(SERVICE_KEY, "is damaged, or of a newer program");
  if (domain !== domainId) throw new Damaged(SERVICE_KEY, `belongs to domain ${String(domain)}`);
  return Buffer.from(wrapped, "base64");
}

async function openByCode(objects: ObjectStore, domainId: string, typed: string): Promise<DomainKeys> {
  const code = parseRecoveryCode(typed);
  let seen = 0;
  for (const name of await recoveryObjects(objects)) {
    seen++;
    const secret = await damageAside(async () => openRecovery(name, await objects.get(name), domainId, code));
    if (secret !== undefined) return { domainId, secret };
  }
  throw new StoreRefused(
    seen === 0
      ? "this store has no recovery object: only its key file opens it"
      : `this recovery code is well-formed, but none of the ${seen} recovery objects of this store was made with it: it belongs to another store, or was made after this copy`,
  );
}

/** A damaged recovery object opens nothing; another one may. */
async function damageAside<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Damaged) return undefined;
    throw error;
  }
}

/** Names of the recovery objects, inside the repository. */
export async function recoveryObjects(objects: ObjectStore): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of objects.list("keys/recovery-")) if (RECOVERY.test(name)) names.push(name);
  return names;
}

/** Wraps the secret for the key file, unless it was wrapped before. */
export async function writeServiceKey(objects: ObjectStore, keys: KeyService, domain: DomainKeys): Promise<void> {
  const wrapped = Buffer.from(await keys.wrap(domain.secret, contextOf(domain.domainId)));
  const stored = { format: 1, domain: domain.domainId, wrapped: wrapped.toString("base64") };
  await objects.putIfAbsent(SERVICE_KEY, Buffer.from(JSON.stringify(stored)));
}

/** Stores one more recovery object. @returns its name, and its code, to be shown once; that is kept nowhere */
export async function addRecoveryCode(
  objects: ObjectStore,
  domain: DomainKeys,
): Promise<{ readonly object: string; readonly code: string }> {
  for (;;) {
    const { name, bytes, code } = makeRecovery(domain, randomOf);
    // A name of 32 random bits may be taken.
    if ((await objects.putIfAbsent(name, bytes)) === "created") return { object: name, code };
  }
}

/** The same for a service, whose object store holds several repositories. */
export const recoveryCodes =
  (all: ObjectStore, keyring: Keyring) =>
  async (domainId: string): Promise<{ readonly object: string; readonly code: string }> =>
    addRecoveryCode(repositoryObjects(all, domainId), await keyring.openOrCreate(domainId));

/** Objects under `keys/` that are not what they should be; what a key file's wrapping holds is only known to that file. */
export async function damagedKeys(
  objects: ObjectStore,
  domainId: string,
): Promise<readonly { readonly object: string; readonly reason: string }[]> {
  const damaged: { object: string; reason: string }[] = [];
  const look = async (name: string, check: (bytes: Uint8Array) => unknown): Promise<void> => {
    try {
      check(await objects.get(name));
    } catch (error) {
      if (error instanceof Damaged) damaged.push({ object: name, reason: error.message.slice(name.length + 2) });
      else if (error instanceof ObjectMissing) damaged.push({ object: name, reason: "is missing" });
      else throw error;
    }
  };
  await look(SERVICE_KEY, (bytes) => parseServiceKey(bytes, domainId));
  for (const name of await recoveryObjects(objects)) await look(name, (bytes) => checkRecovery(name, bytes, domainId));
  return damaged;
}
