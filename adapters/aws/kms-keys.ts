/** How are small secrets wrapped under a KMS key? */
import { DecryptCommand, EncryptCommand, type KMSClient } from "@aws-sdk/client-kms";
import type { EncryptionContext, KeyService } from "../../core/ports/key-service.ts";
import { KeyMismatch } from "../../core/ports/key-service.ts";

/** docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html, symmetric keys. Not every emulator checks it. */
const PLAIN_BYTES = 4096;
/** docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html, CiphertextBlob. */
const WRAPPED_BYTES = 6144;
/** The context as JSON: docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html */
const CONTEXT_BYTES = 8192;

/** The key cannot be used now, or not by this role. Nothing is known about the wrapped bytes. */
class KeyUnavailable extends Error {
  override readonly name = "KeyUnavailable";
}

export interface KmsKeysOptions {
  readonly client: KMSClient;
  /** ARN, id or `alias/…` of a symmetric key. Decrypt is told it too, so that bytes of any other key are refused. */
  readonly keyId: string;
}

/**
 * KMS Encrypt and Decrypt. The role needs kms:Encrypt and kms:Decrypt on the key.
 * Beside the port's errors: KeyUnavailable when the key is disabled, on its way to be deleted, not there, not for this role
 * or not reachable; its message names the key and what to do.
 */
export function createKmsKeys({ client, keyId }: KmsKeysOptions): KeyService {
  return {
    async wrap(plain, context) {
      if (plain.byteLength < 1 || plain.byteLength > PLAIN_BYTES)
        throw new RangeError(`a key wraps 1 to ${PLAIN_BYTES} bytes, got ${plain.byteLength}`);
      checkContext(context);
      try {
        const answer = await client.send(
          new EncryptCommand({ KeyId: keyId, Plaintext: plain, EncryptionContext: { ...context } }),
        );
        return bytesOf(answer.CiphertextBlob);
      } catch (error) {
        throw unavailable(keyId, error);
      }
    },
    async unwrap(wrapped, context) {
      checkContext(context);
      // KMS would call these invalid requests, not invalid ciphertexts.
      if (wrapped.byteLength < 1 || wrapped.byteLength > WRAPPED_BYTES)
        throw new KeyMismatch(`KMS wrapped none of these ${wrapped.byteLength} bytes: it gives 1 to ${WRAPPED_BYTES}`);
      try {
        const answer = await client.send(
          new DecryptCommand({ KeyId: keyId, CiphertextBlob: wrapped, EncryptionContext: { ...context } }),
        );
        return bytesOf(answer.Plaintext);
      } catch (error) {
        throw mismatch(keyId, error) ?? unavailable(keyId, error);
      }
    },
  };
}

function checkContext(context: EncryptionContext): void {
  if (Buffer.byteLength(JSON.stringify(context)) > CONTEXT_BYTES)
    throw new RangeError(`a context has at most ${CONTEXT_BYTES} bytes`);
}

/** A copy of its own: the SDK's bytes may lie in a buffer shared with other answers. */
function bytesOf(found: Uint8Array | undefined): Uint8Array {
  if (found === undefined) throw new Error("the answer holds no bytes");
  return Uint8Array.from(found);
}

/**
 * What KMS says when key, context or bytes differ (API_Decrypt, "Errors"). When the bytes name a key that KMS does not show
 * this role, it says AccessDenied, in other words than when the role lacks kms:Decrypt on our key.
 */
function mismatch(keyId: string, error: unknown): KeyMismatch | undefined {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (name === "InvalidCiphertextException")
    return new KeyMismatch("the wrapped bytes were changed, or belong to another context", { cause: error });
  const hidden = name === "AccessDeniedException" && !message.includes("not authorized to perform");
  if (name === "IncorrectKeyException" || hidden)
    return new KeyMismatch(
      `the bytes were wrapped by another key than ${keyId}${hidden ? ", or this role may not use that key" : ""}`,
      { cause: error },
    );
  return undefined;
}

/** docs.aws.amazon.com/kms/latest/developerguide/key-state.html */
const ADVICE: Readonly<Record<string, string>> = {
  DisabledException: "it is disabled: enable it (kms:EnableKey)",
  KMSInvalidStateException:
    "its state does not allow it. If it is to be deleted, cancel that (kms:CancelKeyDeletion) and enable it: " +
    "once it is gone, nothing that it wrapped can be read again",
  KeyUnavailableException: "KMS cannot reach it now: try again, and look at its key store if it has one of its own",
  NotFoundException: "there is no such key in this account and region",
  AccessDeniedException:
    "this role may not use it: allow kms:Encrypt and kms:Decrypt in the role's policy and in the key's",
  InvalidKeyUsageException: "it is not for encryption: it must be a symmetric key with usage ENCRYPT_DECRYPT",
  ThrottlingException: "too many calls for the account's quota: try again, or ask AWS for more",
};

function unavailable(keyId: string, error: unknown): KeyUnavailable {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const advice = ADVICE[name] ?? "try again";
  return new KeyUnavailable(`KMS key ${keyId} cannot be used, ${advice} (${name}: ${message})`, { cause: error });
}
