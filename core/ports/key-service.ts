/**
 * KeyService: wraps small secrets (domain keys, secret access keys) under a key that never leaves it (KMS, or a key file).
 *
 * Each adapter passes test/contracts/key-service.ts.
 */
export interface KeyService {
  /** Encrypts at most 4,096 bytes (KMS Encrypt's limit). Two calls never give the same bytes. */
  wrap(plain: Uint8Array, context: EncryptionContext): Promise<Uint8Array>;
  /** Opens what `wrap` made under an equal context. @throws KeyMismatch when key, context or bytes differ */
  unwrap(wrapped: Uint8Array, context: EncryptionContext): Promise<Uint8Array>;
}

/** Authenticated but not secret: what the bytes are for, e.g. { purpose: "domain-key", domain: "…" }. */
export type EncryptionContext = Readonly<Record<string, string>>;

/** These bytes were not wrapped by this key under this context, or were changed since. */
export class KeyMismatch extends Error {
  override readonly name = "KeyMismatch";
}
