/** Use case: whoever may act gets an access key for a while, bound to a security token (cbr-api 3, 4.2). */
import { badField } from "../../domain/fault.ts";
import type { Clock, Instant } from "../../domain/values.ts";
import type { KeyService } from "../../ports/key-service.ts";
import type { RecordStore } from "../../ports/record-store.ts";
import { sha256Hex } from "./canonical-request.ts";
import { IdentityFailure, type Principal } from "./principal.ts";
import { ALPHANUMERIC, randomText, UPPER } from "./random-text.ts";
import { type AccessKey, accessKeyKey, temporaryKeyContext } from "./records.ts";
import { readToken } from "./tokens.ts";

/** Seconds: IAM API, "Obtaining a Temporary Access Key and Security Token Through a Token": 15 minutes to 24 hours. */
const SHORTEST_S = 900;
const LONGEST_S = 86_400;

/** A temporary key as its holder gets it; the security token is stored as a hash, the secret sealed. */
export interface TemporaryKey {
  readonly accessKey: string;
  readonly secret: string;
  readonly securityToken: string;
  readonly expiresAt: Instant;
}

/**
 * Reaches what the user reaches. It ends after `seconds` (default 900), no later than the token it is got with, and at once
 * when the password is changed, the permanent key it is got with is revoked, or the user is deleted.
 * @throws Fault 9900 for the duration; IdentityFailure: a temporary key got no others; `token` is not the caller's
 */
export async function issueTemporaryKey(
  services: {
    readonly records: RecordStore;
    readonly keys: KeyService;
    readonly now: Clock;
    readonly randomBytes: (n: number) => Uint8Array;
  },
  principal: Principal,
  { token, seconds = SHORTEST_S }: { readonly token: string | undefined; readonly seconds: number | undefined },
): Promise<TemporaryKey> {
  const { records, keys, now, randomBytes } = services;
  if (!Number.isInteger(seconds) || seconds < SHORTEST_S || seconds > LONGEST_S)
    badField("auth.identity.token.duration_seconds", `must be a whole number from ${SHORTEST_S} to ${LONGEST_S}`);
  const { origin, notAfter } = await originOf(services, principal, token);
  const accessKey = `HFT${randomText(randomBytes, 17, UPPER)}`;
  const secret = randomText(randomBytes, 40, ALPHANUMERIC);
  const securityToken = `hfs-${Buffer.from(randomBytes(32)).toString("base64url")}`;
  const expiresAt = Math.min(now() + seconds * 1000, notAfter);
  const sealed = await keys.wrap(Buffer.from(secret), temporaryKeyContext(accessKey));
  const record = {
    accessKey,
    userId: principal.userId,
    sealedSecret: Buffer.from(sealed).toString("base64"),
    temporary: { securityToken: sha256Hex(securityToken), expiresAt, origin },
  };
  // 88 random bits: the key cannot exist, so `absent` only tells of a broken random source.
  const item = { ...accessKeyKey(accessKey), v: 1, ttl: Math.ceil(expiresAt / 1000), body: record };
  await records.write({ op: "put", item, if: "absent" });
  return { accessKey, secret, securityToken, expiresAt };
}

/** What the key is got with: the token that the body names, else what the request was proved with. */
async function originOf(
  { records, now }: { readonly records: RecordStore; readonly now: Clock },
  { userId, credential }: Principal,
  id: string | undefined,
): Promise<{ readonly origin: NonNullable<AccessKey["temporary"]>["origin"]; readonly notAfter: Instant }> {
  if (credential.kind === "temporary-key")
    throw new IdentityFailure(
      "forbidden",
      "a temporary key gets no others: ask with a token or a permanent access key",
    );
  if (id !== undefined) {
    const token = await readToken(records, id, now());
    if (token?.userId !== userId)
      throw new IdentityFailure("unauthenticated", "The request you have made requires authentication.");
    // A password that was changed meanwhile makes this version, and so the key, worthless.
    return { origin: { passwordVersion: token.passwordVersion }, notAfter: token.expiresAt };
  }
  if (credential.kind === "access-key")
    return { origin: { accessKey: credential.accessKey }, notAfter: Number.POSITIVE_INFINITY };
  return { origin: { passwordVersion: credential.passwordVersion }, notAfter: credential.expiresAt };
}
