/** Use cases: permanent access keys of users. */

import { type Instant, wireTime } from "../../../domain/values.ts";
import type { Write } from "../../../ports/record-store.ts";
import { toItem } from "../../records/record.ts";
import { changeDirectory } from "../change-directory.ts";
import { type Directory, readDirectory } from "../directory.ts";
import { ALPHANUMERIC, randomText, UPPER } from "../random-text.ts";
import { accessKeyKey, bootKey, keyRowKey, secretKeyContext } from "../records.ts";
import { bootOf, userOf } from "./look-up.ts";
import type { AdminResult } from "./orders.ts";
import { refuse } from "./refused.ts";
import { type AdminServices, seal } from "./services.ts";

/** Enough to change keys one after the other in several places; IAM itself gives a user two. */
const MOST_KEYS = 10;

interface NamedUser {
  readonly user: string;
  readonly domain?: string | undefined;
}

/** A new key of a user; its secret is told by this answer alone. @throws AdminRefused: no such user, ten keys already */
export async function createAccessKey(services: AdminServices, order: NamedUser): Promise<AdminResult> {
  const { records, now, randomBytes } = services;
  const accessKey = `HF${randomText(randomBytes, 18, UPPER)}`;
  const secret = randomText(randomBytes, 40, ALPHANUMERIC);
  const sealedSecret = await seal(services, secret, secretKeyContext(accessKey));
  const createdAt = now();
  return changeDirectory(records, (directory) => {
    const user = userOf(directory, order);
    if (keysOf(directory, user.id).length >= MOST_KEYS)
      refuse(`${user.name} has ${MOST_KEYS} keys, which is the most: revoke one first`);
    const key = { key: accessKeyKey(accessKey) };
    const row = { key: keyRowKey(user.id, accessKey) };
    const writes: Write[] = [
      // 93 random bits: neither can exist.
      { op: "put", item: toItem(key, { accessKey, userId: user.id, sealedSecret }, 0), if: "absent" },
      { op: "put", item: toItem(row, { accessKey, userId: user.id, createdAt }, 0), if: "absent" },
    ];
    const result = { access_key: accessKey, secret_key: secret, user_id: user.id, user_name: user.name };
    return { writes, result };
  });
}

/** Keys of a user, without secrets. @throws AdminRefused when there is no such user */
export async function listAccessKeys({ records }: AdminServices, order: NamedUser): Promise<AdminResult> {
  const directory = await readDirectory(records);
  const user = userOf(directory, order);
  return keysOf(directory, user.id).map(({ accessKey, createdAt }) => ({
    access_key: accessKey,
    user_id: user.id,
    user_name: user.name,
    created_at: createdAt === undefined ? null : wireTime(createdAt),
  }));
}

/**
 * Revokes a key: the next request that it signs is refused, and so are those of temporary keys got with it. When it is the
 * one that the first account is told with (credentials.json), another key of the first user takes its place.
 * @throws AdminRefused when it is unknown, or the first user's only one
 */
export function revokeAccessKey({ records }: AdminServices, accessKey: string): Promise<AdminResult> {
  return changeDirectory(records, (directory) => {
    const boot = bootOf(directory);
    const userId =
      directory.keys.find((key) => key.accessKey === accessKey)?.userId ??
      (boot.accessKey === accessKey ? boot.userId : refuse(`there is no access key ${accessKey}`));
    // `any`: the first key may have no row; the gate says that nobody has changed accounts since they were read.
    const writes: Write[] = [
      { op: "delete", key: accessKeyKey(accessKey), if: "any" },
      { op: "delete", key: keyRowKey(userId, accessKey), if: "any" },
    ];
    if (boot.accessKey === accessKey) {
      const next = keysOf(directory, userId).find((key) => key.accessKey !== accessKey);
      if (next === undefined)
        return refuse(`${accessKey} is the first user's only key: make another one first, with "key create"`);
      const item = toItem({ key: bootKey }, { ...boot, accessKey: next.accessKey }, boot.v);
      writes.push({ op: "put", item, if: { v: boot.v } });
    }
    return { writes, result: { access_key: accessKey, revoked: true } };
  });
}

/** The first key, made with the account, has no row of its own and no time. */
function keysOf(
  { boot, keys }: Directory,
  userId: string,
): readonly { readonly accessKey: string; readonly createdAt?: Instant }[] {
  const rows = keys.filter((key) => key.userId === userId);
  const first = boot?.userId === userId && !rows.some(({ accessKey }) => accessKey === boot.accessKey);
  return first ? [{ accessKey: boot.accessKey }, ...rows] : rows;
}
