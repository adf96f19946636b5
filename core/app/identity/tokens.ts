/** How tokens are given out and read back. */
import type { Clock, Instant } from "../../domain/values.ts";
import type { RecordStore } from "../../ports/record-store.ts";
import { parseItem } from "../records/record.ts";
import { type Token, TokenRecord, tokenKey } from "./records.ts";

/** A token lives for 24 hours (cbr-api §2.2). */
const LIFE_MS = 24 * 60 * 60 * 1000;

/** A token as its holder gets it; only its hash is stored. */
export interface IssuedToken {
  readonly id: string;
  readonly token: Token;
}

/**
 * Stores a new token and returns it. One got with another token ends when that one does: nobody stays logged in for ever
 * by exchanging tokens.
 */
export async function storeToken(
  { records, randomBytes }: { readonly records: RecordStore; readonly randomBytes: (n: number) => Uint8Array },
  asked: Pick<Token, "userId" | "passwordVersion" | "scope" | "methods"> & {
    readonly now: Instant;
    readonly notAfter?: Instant;
  },
): Promise<IssuedToken> {
  const { now, notAfter, ...granted } = asked;
  const token: Token = {
    ...granted,
    issuedAt: now,
    expiresAt: Math.min(now + LIFE_MS, notAfter ?? Number.POSITIVE_INFINITY),
  };
  const id = `hf-${Buffer.from(randomBytes(32)).toString("base64url")}`;
  // 256 random bits: the key cannot exist, so `absent` only tells of a broken random source.
  const item = { ...tokenKey(id), v: 1, ttl: Math.ceil(token.expiresAt / 1000), body: token };
  await records.write({ op: "put", item, if: "absent" });
  return { id, token };
}

/** Reads a token; undefined when it was never given out or has expired. Consistent: it may be a millisecond old. */
export async function readToken(records: RecordStore, id: string, now: Instant): Promise<Token | undefined> {
  const item = await records.get(tokenKey(id), { consistent: true });
  const token = item && parseItem(TokenRecord, item);
  return token !== undefined && token.expiresAt > now ? token : undefined;
}

/** Ends a token now. Those that were got with it live on until their own end. @returns false when this user has no such token */
export async function revokeToken(
  { records, now }: { readonly records: RecordStore; readonly now: Clock },
  id: string,
  userId: string,
): Promise<boolean> {
  const token = await readToken(records, id, now());
  if (token?.userId !== userId) return false;
  // Deleting twice is once: of two revocations both may say that they did it.
  await records.write({ op: "delete", key: tokenKey(id), if: "any" });
  return true;
}
