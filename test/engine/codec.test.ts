/** Do hash, compression and encryption keep what the format says of them? */
import { createHmac, createSecretKey } from "node:crypto";
import { constants, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyedHash } from "../../core/engine/blake3.ts";
import { openDomain } from "../../core/engine/domain-crypto.ts";
import { KIND, nonceOf, openSealed, sealInto } from "../../core/engine/sealed-box.ts";
import { CODEC, compress, decompress } from "../../core/engine/zstd.ts";
import { Damaged } from "../../core/ports/data-plane.ts";
import { pattern } from "../support/engine-disks.ts";

const key = Buffer.alloc(32, 5);

describe("keyed BLAKE3", () => {
  it("gives the same ids natively and in WebAssembly, at every length", async () => {
    const [native, wasm] = [await keyedHash(key, "native"), await keyedHash(key, "wasm")];
    for (const length of [0, 1, 63, 64, 65, 1023, 1024, 1025, 65_536, 524_288]) {
      const bytes = Buffer.from(pattern(length, length));
      expect(native(bytes).equals(wasm(bytes)), `${length} bytes`).toBe(true);
    }
  });

  it("gives the published keyed hash of the empty input", async () => {
    // BLAKE3 test vectors: key "whats the Elvish word for friend", input length 0.
    const hash = await keyedHash(Buffer.from("whats the Elvish word for friend", "ascii"));
    const expected = "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26";
    expect(hash(Buffer.alloc(0)).toString("hex")).toBe(expected);
  });

  it("does not reuse the bytes of an id", async () => {
    const hash = await keyedHash(key);
    const first = hash(Buffer.from("a"));
    const copy = Buffer.from(first);
    hash(Buffer.from("b"));
    expect(first).toEqual(copy);
  });

  it.each(["auto", "native", "wasm"] as const)(
    "refuses a key that is not 32 bytes before the addon sees it (%s)",
    async (choice) => {
      await expect(keyedHash(Buffer.alloc(31), choice)).rejects.toThrow(RangeError);
    },
  );
});

describe("derived keys", () => {
  /** RFC 5869 for 32 bytes, written out: extract, then one block of expand. */
  const hkdf = (secret: Uint8Array, salt: Uint8Array, info: string) => {
    const prk = createHmac("sha256", salt.length === 0 ? Buffer.alloc(32) : salt)
      .update(secret)
      .digest();
    return createHmac("sha256", prk)
      .update(Buffer.concat([Buffer.from(info), Buffer.from([1])]))
      .digest();
  };

  it("are those of docs/format.md", async () => {
    const secret = pattern(32, 1);
    const salt = Buffer.from(pattern(32, 3));
    const crypto = await openDomain({ domainId: "d", secret });
    expect(crypto.key("pack", salt).export()).toEqual(hkdf(secret, salt, "holdfast/v1/pack"));
    expect(crypto.key("root", salt).export()).toEqual(hkdf(secret, salt, "holdfast/v1/root"));
    const id = await keyedHash(hkdf(secret, new Uint8Array(0), "holdfast/v1/id"));
    expect(crypto.id(Buffer.from("x"))).toEqual(id(Buffer.from("x")));
  });

  it("need a secret of 32 bytes", async () => {
    await expect(openDomain({ domainId: "d", secret: new Uint8Array(16) })).rejects.toThrow("domain.secret");
  });
});

describe("compression", () => {
  it("gives back what it was given, raw where less than 3 % would be saved", () => {
    for (const [seed, entropy, codec] of [
      [1, true, CODEC.raw],
      [2, false, CODEC.zstd],
    ] as const) {
      const plain = Buffer.from(pattern(524_288, seed, entropy));
      const packed = compress(plain, 1);
      expect(packed.codec).toBe(codec);
      expect(decompress(packed.bytes, packed.codec, plain.length, "x").equals(plain)).toBe(true);
    }
  });

  it("gives back any bytes of any length", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 3000 }),
      fc.nat(70_000).map((length) => new Uint8Array(length)),
    );
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 5 }), (input, level) => {
        const plain = Buffer.from(input);
        const packed = compress(plain, level);
        expect(decompress(packed.bytes, packed.codec, plain.length, "x").equals(plain)).toBe(true);
      }),
    );
  });

  const half = compress(Buffer.alloc(1000, 7), 1).bytes;

  it.each([
    ["two frames one after the other", Buffer.concat([half, half]), 2000],
    ["two frames of which the first has the right length", Buffer.concat([half, half]), 1000],
    ["a frame that was cut off", half.subarray(0, -1), 1000],
    ["a frame of another length", half, 999],
    ["bytes that are no frame", Buffer.alloc(40, 1), 1000],
    ["nothing", Buffer.alloc(0), 1000],
    [
      "a frame that does not tell its size",
      zstdCompressSync(Buffer.alloc(1000, 7), { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } }),
      1000,
    ],
  ])("refuses %s", (_what, bytes, length) => {
    expect(() => decompress(bytes, CODEC.zstd, length, "packs/x")).toThrow(Damaged);
  });

  it("refuses a codec that does not exist", () => {
    expect(() => decompress(Buffer.alloc(9), 2, 9, "packs/x")).toThrow("codec 2");
  });
});

describe("sealed boxes", () => {
  it("open only with the same key, nonce, authenticated data and bytes", () => {
    const [plain, aad, nonce] = [Buffer.from("some bytes"), Buffer.from("about them"), nonceOf(KIND.frame, 7)];
    const sealed = Buffer.alloc(plain.length + 16);
    const secretKey = createSecretKey(key);
    expect(sealInto(sealed, 0, secretKey, nonce, aad, plain)).toBe(sealed.length);
    expect(openSealed(sealed, secretKey, nonce, aad)).toEqual(plain);
    expect(openSealed(sealed, createSecretKey(Buffer.alloc(32, 6)), nonce, aad)).toBeUndefined();
    expect(openSealed(sealed, secretKey, nonceOf(KIND.frame, 8), aad)).toBeUndefined();
    expect(openSealed(sealed, secretKey, nonceOf(KIND.directory, 7), aad)).toBeUndefined();
    expect(openSealed(sealed, secretKey, nonce, Buffer.from("about then"))).toBeUndefined();
    expect(openSealed(sealed.subarray(1), secretKey, nonce, aad)).toBeUndefined();
    expect(openSealed(Buffer.alloc(3), secretKey, nonce, aad)).toBeUndefined();
  });

  it("have nonces of the kind and an 88-bit big-endian counter", () => {
    expect(nonceOf(KIND.footer, 0x01020304).toString("hex")).toBe("030000000000000001020304");
  });
});
