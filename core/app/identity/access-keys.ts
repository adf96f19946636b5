/** Whose is an access key, and does it still hold? Permanent keys, and temporary ones with their security token. */
import { timingSafeEqual } from "node:crypto";
import type { Instant } from "../../domain/values.ts";
import type { KeyService } from "../../ports/key-service.ts";
import type { RecordStore } from "../../ports/record-store.ts";
import { parseItem } from "../records/record.ts";
import { sha256Hex } from "./canonical-request.ts";
import { type AccessKey, AccessKeyRecord, accessKeyKey, secretKeyContext, temporaryKeyContext } from "./records.ts";

/** A key with its secret in clear. */
export interface OpenedKey {
  readonly userId: string;
  readonly secret: string;
  readonly temporary: AccessKey["temporary"];
}

/** Undefined when there is no such key, or when the permanent key that a temporary one was got with is revoked. */
export async function openAccessKey(
  { records, keys }: { readonly records: RecordStore; readonly keys: KeyService },
  accessKey: string,
): Promise<OpenedKey | undefined> {
  const item = await records.get(accessKeyKey(accessKey), { consistent: true });
  if (item === undefined) return undefined;
  const { userId, sealedSecret, temporary } = parseItem(AccessKeyRecord, item);
  if (temporary !== undefined && "accessKey" in temporary.origin) {
    const origin = await records.get(accessKeyKey(temporary.origin.accessKey), { consistent: true });
    if (origin === undefined) return undefined;
  }
  const context = temporary === undefined ? secretKeyContext(accessKey) : temporaryKeyContext(accessKey);
  const secret = await keys.unwrap(Buffer.from(sealedSecret, "base64"), context);
  return { userId, secret: Buffer.from(secret).toString(), temporary };
}

/**
 * Does the security token belong to the key, now (cbr-api 3.5)? A permanent key has none. The token need not be signed:
 * Terraform adds it afterwards (cbr-api 3.2). `passwordVersion` is the user's of now.
 */
export function holds(
  { temporary }: OpenedKey,
  securityToken: string | undefined,
  passwordVersion: number,
  now: Instant,
): boolean {
  const given = securityToken?.trim() ?? "";
  if (temporary === undefined) return given === "";
  const { origin, expiresAt } = temporary;
  const own = timingSafeEqual(Buffer.from(sha256Hex(given), "hex"), Buffer.from(temporary.securityToken, "hex"));
  const outlived = "passwordVersion" in origin && origin.passwordVersion !== passwordVersion;
  return own && now < expiresAt && !outlived;
}
