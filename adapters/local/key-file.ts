/** How are small secrets wrapped under a key in a file? */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import type { EncryptionContext, KeyService } from "../../core/ports/key-service.ts";
import { KeyMismatch } from "../../core/ports/key-service.ts";
import { writeNewFile } from "./files/durable-file.ts";
import { textOf } from "./files/failures.ts";

/** Layout of wrapped bytes: version, key id, nonce, ciphertext, tag. */
const VERSION = 1;
const ID_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + ID_BYTES + NONCE_BYTES;
const KEY_BYTES = 32;
/** KMS Encrypt: docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html */
const PLAIN_BYTES = 4096;
/** KMS: the encryption context as JSON. */
const CONTEXT_BYTES = 8192;
/** What the key file holds: one line, this word and the key in base64. */
const MARK = "holdfast-key-1";

/**
 * Opens the key file. Its AES-256-GCM key wraps at most 4,096 bytes a call; the context is authenticated; wrapped bytes
 * name their key, so that a wrong key file is told from damage.
 * @throws Error with one line when the file is missing, is no key file, or can be read by group or others
 */
export function createKeyFile({ path }: { readonly path: string }): KeyService {
  const key = readKey(path);
  const id = createHash("sha256").update(`${MARK} id`).update(key).digest().subarray(0, ID_BYTES);
  return {
    async wrap(plain, context) {
      if (plain.byteLength < 1 || plain.byteLength > PLAIN_BYTES) {
        throw new RangeError(`a key wraps 1 to ${PLAIN_BYTES} bytes, got ${plain.byteLength}`);
      }
      const nonce = randomBytes(NONCE_BYTES);
      const header = Buffer.concat([Buffer.of(VERSION), id, nonce]);
      const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(boundTo(header, context));
      return new Uint8Array(Buffer.concat([header, cipher.update(plain), cipher.final(), cipher.getAuthTag()]));
    },
    async unwrap(wrapped, context) {
      const bytes = Buffer.from(wrapped);
      const header = bytes.subarray(0, HEADER_BYTES);
      const wrappedBy = header.subarray(1, 1 + ID_BYTES);
      if (bytes.byteLength < HEADER_BYTES + TAG_BYTES || header[0] !== VERSION) {
        throw new KeyMismatch("these bytes were not wrapped by a key file");
      }
      if (!wrappedBy.equals(id)) {
        throw new KeyMismatch(
          `${path} holds key ${id.toString("hex")}, these bytes were wrapped by key ${wrappedBy.toString("hex")}: put the right key file there`,
        );
      }
      const decipher = createDecipheriv("aes-256-gcm", key, header.subarray(1 + ID_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(boundTo(header, context));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      const plain = decipher.update(bytes.subarray(HEADER_BYTES, -TAG_BYTES));
      try {
        return new Uint8Array(Buffer.concat([plain, decipher.final()]));
      } catch (cause) {
        throw new KeyMismatch("the wrapped bytes were changed, or belong to another context", { cause });
      }
    },
  };
}

/**
 * Makes a key file with a new random key, mode 0600, durable, at the very first start. Never called for a folder in
 * use: a missing key there is an error, for a new one could open nothing of what was wrapped before.
 */
export function createKeyFileIfAbsent({ path }: { readonly path: string }): "created" | "exists" {
  try {
    return writeNewFile(path, `${MARK} ${randomBytes(KEY_BYTES).toString("base64")}\n`);
  } catch (cause) {
    throw new Error(`cannot make the key file ${path}: ${textOf(cause)}`, { cause });
  }
}

function readKey(path: string): Buffer {
  const refuse = (why: string, cause?: unknown) => new Error(`cannot use the key file ${path}: ${why}`, { cause });
  let text: string;
  let fd: number;
  try {
    // Not blocking: a FIFO in its place must not stop the start.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw refuse(textOf(cause), cause);
  }
  try {
    const { mode, size } = fstatSync(fd);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw refuse("it is not a file");
    if ((mode & 0o077) !== 0) throw refuse(`others can read it (mode ${(mode & 0o777).toString(8)}): chmod 600 it`);
    // A key file has 60 bytes; nobody's disk image is read into memory.
    text = size > 1024 ? "" : readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
  const [mark, encoded = "", ...rest] = text.trimEnd().split(" ");
  const key = Buffer.from(encoded, "base64");
  if (mark !== MARK || rest.length > 0 || key.byteLength !== KEY_BYTES || key.toString("base64") !== encoded) {
    throw refuse("it does not hold a Holdfast key");
  }
  return key;
}

/** What is authenticated beside the secret: the header, and the context as JSON with sorted names. */
function boundTo(header: Buffer, context: EncryptionContext): Buffer {
  const sorted = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  const json = Buffer.from(JSON.stringify(sorted));
  if (json.byteLength > CONTEXT_BYTES) throw new RangeError(`a context has at most ${CONTEXT_BYTES} bytes`);
  return Buffer.concat([header, json]);
}
