/** Use case: make the one account, project, user and access key; afterwards, tell them again, or only that they exist. */
import type { KeyService } from "../../ports/key-service.ts";
import { type RecordStore, TransactionRefused } from "../../ports/record-store.ts";
import { parseItem } from "../records/record.ts";
import { newRecords } from "../upgrade/version.ts";
import { findProject, findUser } from "./directory.ts";
import { hashPassword } from "./passwords.ts";
import { ALPHANUMERIC, randomText, UPPER } from "./random-text.ts";
import {
  AccessKeyRecord,
  accessKeyKey,
  BootRecord,
  bootKey,
  domainKey,
  passwordContext,
  projectKey,
  secretKeyContext,
  userKey,
} from "./records.ts";

/** Everything a client needs besides the address, under the names of credentials.json. */
export interface InitialCredentials {
  readonly region: string;
  readonly domain_name: string;
  readonly domain_id: string;
  readonly project_name: string;
  readonly project_id: string;
  readonly user_name: string;
  readonly password: string;
  readonly access_key: string;
  readonly secret_key: string;
}

/** What is told of an account that was made before: everything but its secrets. */
export type KnownAccount = Omit<InitialCredentials, "password" | "secret_key">;

interface Deps {
  readonly records: RecordStore;
  readonly keys: KeyService;
  readonly newId: () => string;
  readonly randomBytes: (n: number) => Uint8Array;
}

interface Names {
  readonly region: string;
  readonly domainName: string;
  readonly userName: string;
}

/**
 * Makes the account, or returns the one that exists (names then are as stored, whatever is asked). All records are written
 * in one transaction, so a crash leaves everything or nothing; and since password and secret are kept sealed, a start after
 * a crash that came before credentials.json was written can still write it.
 * @throws KeyMismatch when the KeyService is not the one that sealed them (another key file)
 */
export async function bootstrapIdentity(deps: Deps & Names): Promise<InitialCredentials> {
  const existing = await readStored(deps);
  if (existing !== undefined) return withSecrets(deps, existing);
  await createUnlessMade(deps);
  const made = await readStored(deps);
  if (made === undefined) throw new Error("the account was not there after it was made");
  return withSecrets(deps, made);
}

/**
 * Makes the account and tells its secrets to whoever made it; everybody later (and the loser of two at once) learns that it
 * exists, and no secret. Nothing is unsealed.
 */
export async function bootstrapOnce(
  deps: Deps & Names,
): Promise<
  | { readonly created: true; readonly credentials: InitialCredentials }
  | { readonly created: false; readonly account: KnownAccount }
> {
  const made = (await readStored(deps)) === undefined ? await createUnlessMade(deps) : undefined;
  if (made !== undefined) return { created: true, credentials: made };
  const existing = await readStored(deps);
  if (existing === undefined) throw new Error("the account was not there after it was made");
  return { created: false, account: existing.account };
}

/** Undefined when another process was first: its account counts. */
async function createUnlessMade(deps: Deps & Names): Promise<InitialCredentials | undefined> {
  try {
    return await createAccount(deps);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    return undefined;
  }
}

/** The account as it stands in the records, its secrets sealed. */
interface StoredAccount {
  readonly account: KnownAccount;
  readonly userId: string;
  readonly sealedPassword: string;
  readonly sealedSecret: string;
}

async function readStored({ records }: Deps): Promise<StoredAccount | undefined> {
  const item = await records.get(bootKey, { consistent: true });
  if (item === undefined) return undefined;
  const boot = parseItem(BootRecord, item);
  const [found, project, keyItem] = await Promise.all([
    findUser(records, boot.userId),
    findProject(records, boot.projectId),
    records.get(accessKeyKey(boot.accessKey), { consistent: true }),
  ]);
  if (found === undefined || project === undefined || keyItem === undefined)
    throw new Error("the records of the first account are incomplete: restore the table from a copy");
  const { sealedSecret } = parseItem(AccessKeyRecord, keyItem);
  const account = {
    region: project.name,
    domain_name: found.domain.name,
    domain_id: found.domain.id,
    project_name: project.name,
    project_id: project.id,
    user_name: found.user.name,
    access_key: boot.accessKey,
  };
  return { account, userId: boot.userId, sealedPassword: boot.sealedPassword, sealedSecret };
}

async function withSecrets({ keys }: Deps, stored: StoredAccount): Promise<InitialCredentials> {
  const { account, userId, sealedPassword, sealedSecret } = stored;
  return {
    ...account,
    password: await open(keys, sealedPassword, passwordContext(userId)),
    secret_key: await open(keys, sealedSecret, secretKeyContext(account.access_key)),
  };
}

async function createAccount(deps: Deps & Names): Promise<InitialCredentials> {
  const { records, keys, newId, randomBytes } = deps;
  // 32 hex digits, the form of project, domain and user ids (cbr-api §2.3).
  const hexId = () => newId().replaceAll("-", "");
  const [domainId, projectId, userId] = [hexId(), hexId(), hexId()];
  const password = randomText(randomBytes, 24, ALPHANUMERIC);
  const accessKey = `HF${randomText(randomBytes, 18, UPPER)}`;
  const secret = randomText(randomBytes, 40, ALPHANUMERIC);
  const sealedSecret = await seal(keys, secret, secretKeyContext(accessKey));
  const sealedPassword = await seal(keys, password, passwordContext(userId));
  const passwordHash = await hashPassword(password, randomBytes(16));
  const put = (key: { pk: string; sk: string }, body: Record<string, string>) =>
    ({ op: "put", item: { ...key, v: 1, body }, if: "absent" }) as const;
  await records.transact([
    newRecords(),
    put(bootKey, { domainId, projectId, userId, accessKey, sealedPassword }),
    put(domainKey(domainId), { id: domainId, name: deps.domainName }),
    put(projectKey(projectId), { id: projectId, name: deps.region, domainId }),
    put(userKey(userId), { id: userId, name: deps.userName, domainId, passwordHash }),
    put(accessKeyKey(accessKey), { accessKey, userId, sealedSecret }),
  ]);
  return {
    region: deps.region,
    domain_name: deps.domainName,
    domain_id: domainId,
    project_name: deps.region,
    project_id: projectId,
    user_name: deps.userName,
    password,
    access_key: accessKey,
    secret_key: secret,
  };
}

async function seal(keys: KeyService, secret: string, context: Readonly<Record<string, string>>): Promise<string> {
  return Buffer.from(await keys.wrap(Buffer.from(secret), context)).toString("base64");
}

async function open(keys: KeyService, sealed: string, context: Readonly<Record<string, string>>): Promise<string> {
  return Buffer.from(await keys.unwrap(Buffer.from(sealed, "base64"), context)).toString();
}
