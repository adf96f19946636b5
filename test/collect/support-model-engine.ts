/**
 * What does the model put in place of the engine's costly parts? Everything that decides stays as it is; sealing, hashing and
 * compressing, which decide nothing, become copies, and the grid becomes tiny, so that a backup costs a fraction of a millisecond.
 *
 * A test file takes them in with `vi.mock`: see model.test.ts.
 */
import { Damaged } from "../../core/ports/data-plane.ts";

/** Blocks of 64 bytes, leaves of two of them, packs of about 600 bytes: several leaves, units, packs and patches a disk. */
export const tinyNumbers = {
  BLOCK_BYTES: 64,
  LEAF_BLOCKS: 2,
  LEAF_BYTES: 128,
  SUB_BLOCK_BYTES: 8,
  PACK_TARGET_BYTES: 600,
  PACK_MAX_FRAMES: 64,
  FRAME_MAX_RAW_BYTES: 4096,
  HOOK_ONE_IN: 2,
  SOURCE_READ_BYTES: 256,
  STRETCH_BLOCKS: 2,
  STRETCH_BYTES: 256,
  STRETCH_GAP_BYTES: 16,
  LIST_FROM_PACKS: 4,
  PATCHED_AT_ONCE: 2,
  ZERO_BYTES: 64,
};

/** Ids of packs, salts: a counter whose digits are mixed, so that a schedule gives the same names each time. */
export const chance = { drawn: 0 };

export function randomBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  chance.drawn++;
  bytes.writeUInt32BE(Math.imul(chance.drawn, 2654435761) >>> 0, 0);
  bytes.writeUInt32BE(chance.drawn, 4);
  return bytes;
}

const TAG = 16;

/** Two sums over the bytes: enough to tell that a frame is not the one that was meant. */
function sum(into: Uint32Array, bytes: Uint8Array): void {
  let a = into[0] as number;
  let b = into[1] as number;
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 16777619) >>> 0;
    b = (Math.imul(b, 31) + byte) >>> 0;
  }
  into[0] = a;
  into[1] = b;
}

function tagOf(key: Buffer, nonce: Buffer, authenticated: Buffer, plain: Uint8Array): Buffer {
  const sums = Uint32Array.of(2166136261, 7);
  for (const part of [key, nonce, authenticated, plain]) sum(sums, part);
  const tag = Buffer.alloc(TAG);
  tag.writeUInt32BE(sums[0] as number, 0);
  tag.writeUInt32BE(sums[1] as number, 4);
  return tag;
}

/** In place of sealed-box.ts: the same shapes, no secret. */
export const plainBox = {
  sealInto(into: Buffer, at: number, key: Buffer, nonce: Buffer, authenticated: Buffer, plain: Buffer): number {
    plain.copy(into, at);
    tagOf(key, nonce, authenticated, plain).copy(into, at + plain.length);
    return plain.length + TAG;
  },
  openSealed(sealed: Buffer, key: Buffer, nonce: Buffer, authenticated: Buffer): Buffer | undefined {
    if (sealed.length < TAG) return undefined;
    const plain = sealed.subarray(0, sealed.length - TAG);
    return tagOf(key, nonce, authenticated, plain).equals(sealed.subarray(plain.length)) ? plain : undefined;
  },
};

const crypto = {
  id(bytes: Buffer): Buffer {
    const sums = Uint32Array.of(2166136261, 7);
    sum(sums, bytes);
    const id = Buffer.alloc(32);
    for (let at = 0; at < 32; at += 8) {
      id.writeUInt32BE(sums[0] as number, at);
      id.writeUInt32BE(sums[1] as number, at + 4);
      sums[0] = Math.imul((sums[0] as number) ^ at, 2246822519) >>> 0;
    }
    // The last byte says whether a block is a hook: mixed, so that half of them are.
    id[31] = ((sums[0] as number) >>> 24) ^ ((sums[1] as number) >>> 3);
    return id;
  },
  key: (_purpose: string, salt: Uint8Array): Buffer => Buffer.from(salt),
};

/** In place of domain-crypto.ts. */
export const plainDomain = { openDomain: async () => crypto };

/** In place of zstd.ts. */
export const noZstd = {
  compress: (plain: Buffer) => ({ codec: 0, bytes: Buffer.from(plain) }),
  decompress(stored: Buffer, _codec: number, rawLength: number, object: string): Buffer {
    if (stored.length !== rawLength) throw new Damaged(object, `frame has ${stored.length} bytes, not ${rawLength}`);
    return stored;
  },
};

/** In place of pages.ts: memory in pages is for large buffers. */
export const smallPages = { pagesOf: (bytes: number): Buffer => Buffer.alloc(bytes) };
