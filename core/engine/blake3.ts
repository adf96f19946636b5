/** Keyed BLAKE3-256: the native addon where it loads, WebAssembly elsewhere (Lambda); both give the same ids. */
import { createRequire } from "node:module";
import { ID_BYTES, KEY_BYTES } from "./numbers.ts";

/** The id of some bytes under one key: 32 bytes, never reused by the next call. */
export type KeyedHash = (bytes: Buffer) => Buffer;

/** Which implementation computes: `auto` takes the addon when it loads. */
export type HashChoice = "auto" | "native" | "wasm";

/**
 * Prepares the hash for one key. WebAssembly does about 0.4 GiB in a second of one core, the addon 3.3 (blocks of 512 KiB, x64
 * with AVX2): a transfer at zstd level 3 then takes some 1.8 times the CPU time. @throws RangeError when the key is not 32 bytes
 */
export async function keyedHash(key: Uint8Array, choice: HashChoice = "auto"): Promise<KeyedHash> {
  // The addon aborts the whole process on a key of another length, and nothing can catch that.
  if (key.length !== KEY_BYTES) throw new RangeError(`a BLAKE3 key has ${KEY_BYTES} bytes, not ${key.length}`);
  if (choice === "wasm") return wasm(key);
  if (choice === "native") return native(key);
  return native(key).catch(() => wasm(key));
}

type Addon = Pick<typeof import("@napi-rs/blake-hash"), "Blake3Hasher">;

/**
 * The addon of this platform by its own name. The package's entry finds out which one that is by a report of the whole process,
 * which takes 25 ms in every thread; it is asked only where the likely one is not there.
 */
async function addon(): Promise<Addon> {
  const libc = process.platform === "linux" ? "-gnu" : "";
  try {
    return createRequire(import.meta.url)(`@napi-rs/blake-hash-${process.platform}-${process.arch}${libc}`) as Addon;
  } catch {
    return await import("@napi-rs/blake-hash");
  }
}

async function native(key: Uint8Array): Promise<KeyedHash> {
  const { Blake3Hasher } = await addon();
  const hasher = Blake3Hasher.newKeyed(Buffer.from(key));
  return (bytes) => {
    hasher.reset();
    return hasher.update(bytes).digestBuffer();
  };
}

async function wasm(key: Uint8Array): Promise<KeyedHash> {
  const { createBLAKE3 } = await import("hash-wasm");
  const hasher = await createBLAKE3(ID_BYTES * 8, Uint8Array.from(key));
  return (bytes) => Buffer.from(hasher.init().update(bytes).digest("binary"));
}
