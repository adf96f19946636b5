/** Do kept zstd contexts give what Node's own calls give, and refuse what is not one whole sound frame? */
import { constants, createZstdCompress, createZstdDecompress, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ZSTD_FAST_WINDOW_LOG, ZSTD_WINDOW_LOG } from "../../core/engine/numbers.ts";
import { CODEC, compress, decompress } from "../../core/engine/zstd.ts";
import { zstdDecoder, zstdEncoder } from "../../core/engine/zstd-engine.ts";
import { Damaged } from "../../core/ports/data-plane.ts";
import { pattern } from "../support/engine-disks.ts";

const SIZES = [0, 1, 2, 255, 256, 257, 65_535, 65_536, 65_792, 131_072, 262_144, 262_145, 524_287, 524_288];
const paramsOf = (level: number) => ({
  [constants.ZSTD_c_compressionLevel]: level,
  [constants.ZSTD_c_windowLog]: level === 1 ? ZSTD_FAST_WINDOW_LOG : ZSTD_WINDOW_LOG,
});
const decoding = { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG };

/** Half noise, half not; all noise; nothing but one byte. */
function contents(length: number): readonly Buffer[] {
  const mixed = Buffer.from(pattern(length, length + 1, false));
  mixed.set(pattern(length >> 1, length), 0);
  return [mixed, Buffer.from(pattern(length, length)), Buffer.alloc(length, 7)];
}

/** A stream as another Node might make it: nothing inside that we know. */
const strange = { on: () => undefined, destroyed: false };

describe.each([
  ["kept", createZstdCompress, createZstdDecompress],
  ["Node's own", () => strange, () => strange],
] as const)("%s contexts", (_name, compressor, decompressor) => {
  it.each([1, 3, 19])(
    "encode at level %i to the very bytes of Node's own calls, whatever was encoded before",
    (level) => {
      const params = paramsOf(level);
      const encoder = zstdEncoder(params, compressor);
      const into = Buffer.alloc(600_000);
      const sizes = level === 19 ? SIZES.filter((length) => length <= 65_536 || length === 524_288) : SIZES;
      for (const length of sizes)
        for (const plain of contents(length)) {
          const written = encoder.run(plain, into);
          const expected = zstdCompressSync(plain, { params, pledgedSrcSize: plain.length });
          expect(into.subarray(0, written).equals(expected), `${length} bytes`).toBe(true);
        }
    },
  );

  it("decode what Node has encoded, at any size, and nothing but that", () => {
    const decoder = zstdDecoder(decoding, decompressor);
    const into = Buffer.alloc(524_288);
    for (const length of SIZES)
      for (const plain of contents(length)) {
        const stored = zstdCompressSync(plain, { params: paramsOf(1), pledgedSrcSize: plain.length });
        expect(decoder.run(stored, into.subarray(0, length))).toBe(length);
        expect(into.subarray(0, length).equals(plain)).toBe(true);
      }
  });

  it("say that output does not fit, instead of giving a part of it", () => {
    const stored = zstdCompressSync(Buffer.alloc(1000, 3));
    expect(zstdDecoder(decoding, decompressor).run(stored, Buffer.alloc(999))).not.toBe(1000);
    expect(zstdEncoder(paramsOf(1), compressor).run(Buffer.from(pattern(1000, 1)), Buffer.alloc(500))).toBeUndefined();
  });
});

describe("a frame that is not what it should be", () => {
  const plain = contents(70_000)[0] as Buffer;
  const good = Buffer.from(compress(plain, 3).bytes);
  const checked = zstdCompressSync(plain, {
    params: { ...paramsOf(3), [constants.ZSTD_c_checksumFlag]: 1 },
    pledgedSrcSize: plain.length,
  });
  const wide = Buffer.from(pattern(1 << 21, 5, false));
  const flipped = (bytes: Buffer, at: number) => {
    const other = Buffer.from(bytes);
    other[at] = (other[at] ?? 0) ^ 1;
    return other;
  };
  /** It is refused in words that name the object, and the next good frame is decoded. */
  const refused = (bytes: Buffer, length = plain.length, what = "") => {
    const into = Buffer.alloc(524_288);
    let error: unknown;
    try {
      decompress(bytes, CODEC.zstd, length, "packs/x", into);
    } catch (thrown) {
      error = thrown;
    }
    expect(error, what).toBeInstanceOf(Damaged);
    expect((error as Damaged).message, what).toMatch(/^packs\/x: .{10,}/);
    expect(decompress(good, CODEC.zstd, plain.length, "packs/x", into).equals(plain), what).toBe(true);
  };

  it("is refused: cut anywhere, also where only its checksum is missing", () => {
    for (const length of [0, 3, 5, 9, 100, good.length >> 1, good.length - 4, good.length - 1])
      refused(good.subarray(0, length), undefined, `${length} bytes`);
    for (let less = 1; less <= 8; less++) refused(checked.subarray(0, -less), undefined, `${less} bytes less`);
  });

  it("is refused: followed by another frame, an empty one, a skippable one, or a byte", () => {
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
    for (const after of [good, zstdCompressSync(Buffer.alloc(0)), skippable, Buffer.alloc(1)])
      refused(Buffer.concat([good, after]), undefined, `${after.length} bytes more`);
    refused(Buffer.concat([skippable, good]));
    refused(Buffer.concat([good, good]), 2 * plain.length);
  });

  it("is refused: it declares another size, or none", () => {
    // The size stands behind magic, descriptor and (unless it is one segment) the window, in 4 bytes.
    const sizeAt = ((good[4] ?? 0) & 0x20) === 0 ? 6 : 5;
    for (const size of [0, 1, plain.length - 1, plain.length + 1, 0xffffffff]) {
      const other = Buffer.from(good);
      other.writeUInt32LE(size, sizeAt);
      refused(other, undefined, `declares ${size}`);
      refused(other, Math.min(size, 524_288), `declares ${size}, as was asked`);
    }
    refused(zstdCompressSync(plain, { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } }));
  });

  it("is refused or gives the length that was asked for when any bit of its head, or of its checked bytes, is wrong", () => {
    for (let at = 0; at < 24; at++) {
      const other = flipped(good, at);
      try {
        expect(decompress(other, CODEC.zstd, plain.length, "packs/x").length).toBe(plain.length);
      } catch (error) {
        expect(error).toBeInstanceOf(Damaged);
      }
    }
    for (let at = 20; at < checked.length; at += 997) refused(flipped(checked, at), undefined, `byte ${at}`);
    refused(flipped(checked, checked.length - 1));
  });

  it("is refused: its window is larger than a block, or it needs a dictionary; the same frame with neither is read", () => {
    // RFC 8878: a frame of one raw block, with a window of its own and a size of 4 bytes.
    const byHand = (descriptor: number, window: number, ...dictionary: readonly number[]) => {
      const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, descriptor, window, ...dictionary, 9, 0, 0, 0]);
      return Buffer.concat([head, Buffer.from([(9 << 3) | 1, 0, 0]), Buffer.from("nine byte")]);
    };
    const half = (19 - 10) << 3;
    expect(decompress(byHand(0x80, half), CODEC.zstd, 9, "packs/x").toString()).toBe("nine byte");
    refused(byHand(0x80, half + 1), 9);
    refused(byHand(0x80, (21 - 10) << 3), 9);
    refused(byHand(0x81, half, 7), 9);
    refused(byHand(0x88, half), 9);
    const params = { [constants.ZSTD_c_windowLog]: 21, [constants.ZSTD_c_compressionLevel]: 3 };
    refused(zstdCompressSync(wide, { params, pledgedSrcSize: wide.length }), wide.length);
  });

  it("that has a checksum is read", () => {
    expect(decompress(checked, CODEC.zstd, plain.length, "packs/x").equals(plain)).toBe(true);
  });
});
