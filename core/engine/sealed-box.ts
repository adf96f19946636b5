/** AES-256-GCM with this format's nonces: a kind and a counter, under a key that only one attempt ever has. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { TAG_BYTES } from "./numbers.ts";

/** First byte of every nonce: what is sealed. One key never sees the same kind and counter twice. */
export const KIND = { frame: 1, directory: 2, footer: 3, root: 4, avoid: 5, map: 6, hooks: 7, recovery: 8 } as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

/** 12 bytes: the kind, then the counter as an 88-bit big-endian number. */
export function nonceOf(kind: Kind, counter: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt8(kind, 0);
  nonce.writeUInt32BE(counter, 8);
  return nonce;
}

/** Writes ciphertext and tag into `into` at `at`; returns the bytes written (plain length + 16). */
export function sealInto(
  into: Buffer,
  at: number,
  key: Buffer,
  nonce: Buffer,
  authenticated: Buffer,
  plain: Buffer,
): number {
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(authenticated);
  const sealed = cipher.update(plain);
  cipher.final();
  sealed.copy(into, at);
  cipher.getAuthTag().copy(into, at + sealed.length);
  return sealed.length + TAG_BYTES;
}

/** The plain bytes, or undefined when a single bit of key, nonce, authenticated data or sealed bytes differs. */
export function openSealed(sealed: Buffer, key: Buffer, nonce: Buffer, authenticated: Buffer): Buffer | undefined {
  if (sealed.length < TAG_BYTES) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(authenticated);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const plain = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
  try {
    decipher.final();
  } catch {
    // The only error of `final` here is a tag that does not match; nothing of `plain` may be used.
    return undefined;
  }
  return plain;
}
