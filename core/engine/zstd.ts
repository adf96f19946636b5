/** Compresses a frame's content, or says that it is not worth it; decodes with every length checked. */
import { constants, zstdDecompressSync } from "node:zlib";
import { Damaged } from "../ports/data-plane.ts";
import { BLOCK_BYTES, RAW_UNLESS_SAVED, ZSTD_FAST_WINDOW_LOG, ZSTD_WINDOW_LOG } from "./numbers.ts";
import { type ZstdEngine, zstdDecoder, zstdEncoder } from "./zstd-engine.ts";
import { frameProblem } from "./zstd-frame.ts";

/** How a frame's content is stored. */
export const CODEC = { raw: 0, zstd: 1 } as const;
export type Codec = (typeof CODEC)[keyof typeof CODEC];

/** zstd's bound for incompressible data, so that one output buffer always suffices. */
const boundOf = (length: number): number => length + (length >> 7) + 1024;

const encoders = new Map<number, ZstdEngine>();
let decoder: ZstdEngine | undefined;
let scratch: Buffer | undefined;

/**
 * Compressed bytes, or the very bytes given when less than 3 % would be saved. Level 1 to 19. The bytes are good until the next
 * call in this thread.
 */
export function compress(plain: Buffer, level: number): { readonly codec: Codec; readonly bytes: Buffer } {
  let encoder = encoders.get(level);
  if (encoder === undefined) {
    const windowLog = level === 1 ? ZSTD_FAST_WINDOW_LOG : ZSTD_WINDOW_LOG;
    encoder = zstdEncoder({
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_windowLog]: windowLog,
    });
    encoders.set(level, encoder);
  }
  scratch ??= Buffer.allocUnsafeSlow(boundOf(BLOCK_BYTES));
  const into = boundOf(plain.length) <= scratch.length ? scratch : Buffer.allocUnsafe(boundOf(plain.length));
  const length = encoder.run(plain, into);
  if (length === undefined) {
    encoders.delete(level);
    throw new Error(`zstd could not compress ${plain.length} bytes`);
  }
  const worthIt = length <= plain.length * (1 - RAW_UNLESS_SAVED);
  return worthIt ? { codec: CODEC.zstd, bytes: into.subarray(0, length) } : { codec: CODEC.raw, bytes: plain };
}

/**
 * The plain bytes, exactly `rawLength` of them, in memory of their own or in `into`. The size that the frame declares and the output must
 * both be the length that the caller knows, and the frame must end where the input ends.
 * @throws Damaged naming `object`
 */
export function decompress(stored: Buffer, codec: number, rawLength: number, object: string, into?: Buffer): Buffer {
  if (codec === CODEC.raw) {
    if (stored.length !== rawLength) throw new Damaged(object, `frame has ${stored.length} bytes, not ${rawLength}`);
    return stored;
  }
  if (codec !== CODEC.zstd) throw new Damaged(object, `frame has codec ${codec}, which does not exist`);
  const problem = frameProblem(stored, rawLength);
  if (problem !== undefined) throw new Damaged(object, `zstd frame ${problem}`);
  decoder ??= zstdDecoder({ [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG });
  const plain = (into ?? Buffer.allocUnsafe(rawLength)).subarray(0, rawLength);
  if (decoder.run(stored, plain) === rawLength) return plain;
  // Whatever is wrong with it, the decoder that says so in words finds it; and no state of this one is trusted any more.
  decoder = undefined;
  const slowly = inflate(stored, rawLength, object);
  if (slowly.length !== rawLength)
    throw new Damaged(object, `frame decodes to ${slowly.length} bytes, not ${rawLength}`);
  return slowly;
}

function inflate(stored: Buffer, rawLength: number, object: string): Buffer {
  try {
    const options = {
      chunkSize: rawLength + 1024,
      maxOutputLength: rawLength,
      params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG },
      info: true,
    };
    // With `info` Node also gives the engine, whose bytesWritten is the input it used; its types know only the buffer.
    const { buffer, engine } = zstdDecompressSync(stored, options) as unknown as Inflated;
    if (engine.bytesWritten !== stored.length) throw new Error(`${stored.length - engine.bytesWritten} bytes too many`);
    return buffer;
  } catch (error) {
    throw new Damaged(object, `zstd: ${error instanceof Error ? error.message : String(error)}`);
  }
}

interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}
