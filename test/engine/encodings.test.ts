/** Do packs, leaves, results and roots read back as they were written? */
import { createSecretKey } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openDomain } from "../../core/engine/domain-crypto.ts";
import { decodeLeaf, decodeSlots, encodeLeaf, encodeSlots, type Slot } from "../../core/engine/leaf.ts";
import { LiveFrames } from "../../core/engine/live-frames.ts";
import {
  FRAME_TYPE,
  PACK_FOOTER_BYTES,
  PACK_HEADER_BYTES,
  packEndBytes,
  readPackDirectory,
  readPackFooter,
  readPackHeader,
  writePackEnd,
  writePackHeader,
} from "../../core/engine/pack-format.ts";
import { decodePayload, encodePayload } from "../../core/engine/payload.ts";
import { mergeFacts, type PackFacts } from "../../core/engine/places.ts";
import { decodeRoot, encodeRoot, rootName } from "../../core/engine/root-format.ts";
import { sealObject, unsealObject } from "../../core/engine/sealed-object.ts";
import { framesOf, packRecordBytes } from "../../core/engine/tables.ts";
import { Damaged, SealRefused } from "../../core/ports/data-plane.ts";
import { testDomain } from "../support/engine-disks.ts";

const bytesOf = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes));
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const packId = bytesOf(16).map((id) => id.toString("hex"));
const placeIn = (pack: fc.Arbitrary<string>) =>
  fc.record({ pack, frame: fc.integer({ min: 0, max: 4095 }), offset: u32, stored: u32, codec: fc.constantFrom(0, 1) });

/** Masks that share the eight sub-blocks among one to eight places, each frame holding what is used of it and perhaps more. */
const masks = fc
  .tuple(fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 8, maxLength: 8 }), fc.integer({ min: 0, max: 255 }))
  .map(([owners, more]) =>
    [...new Set(owners)].map((owner) => {
      const uses = owners.reduce((mask, of, bit) => (of === owner ? mask | (1 << bit) : mask), 0);
      return { uses, holds: uses | more };
    }),
  );

const slots: fc.Arbitrary<Slot[]> = fc.uniqueArray(packId, { minLength: 1, maxLength: 5 }).chain((packs) => {
  const place = placeIn(fc.constantFrom(...packs));
  const places = masks.chain((parts) => fc.tuple(...parts.map((part) => place.map((at) => ({ ...at, ...part })))));
  return fc.array(fc.option(fc.record({ id: bytesOf(32), places }), { nil: undefined }), {
    minLength: 1,
    maxLength: 60,
  });
});

const facts: fc.Arbitrary<PackFacts> = fc
  .record({
    pack: packId,
    size: u32,
    frames: fc.integer({ min: 1, max: 4096 }),
    tag: bytesOf(16),
    own: fc.boolean(),
    liveBytes: u32,
  })
  .chain((known) =>
    fc.array(fc.integer({ min: 0, max: known.frames - 1 }), { maxLength: 40 }).map((frames) => {
      const live = new Uint8Array(Math.ceil(known.frames / 8));
      for (const frame of frames) live[frame >> 3] = (live[frame >> 3] ?? 0) | (1 << (frame & 7));
      return { ...known, live };
    }),
  );

const tables = (leaves: fc.Arbitrary<number>) =>
  fc
    .tuple(fc.uniqueArray(facts, { minLength: 1, maxLength: 8, selector: ({ pack }) => pack }), leaves)
    .chain(([packs, count]) =>
      fc.record({
        packs: fc.constant(packs),
        leaves: fc.array(
          fc.option(
            fc.constantFrom(...packs).chain(({ pack, frames }) =>
              fc.record({
                place: fc.record({
                  pack: fc.constant(pack),
                  frame: fc.integer({ min: 0, max: frames - 1 }),
                  offset: u32,
                  stored: u32,
                  codec: fc.constantFrom(0, 1),
                }),
                rawLength: u32,
                nonZero: u32,
                id: bytesOf(32),
              }),
            ),
            { nil: undefined },
          ),
          { minLength: count, maxLength: count },
        ),
      }),
    );

describe("leaves", () => {
  it("read back as written, and equal slots give equal bytes", () => {
    fc.assert(
      fc.property(slots, (written) => {
        const bytes = encodeLeaf(written);
        expect(decodeLeaf(bytes, written.length, "x")).toEqual(written);
        expect(encodeLeaf([...written])).toEqual(bytes);
      }),
    );
  });

  it("never read as something else when they are cut or have bytes to spare", () => {
    fc.assert(
      fc.property(slots, fc.nat(), (written, at) => {
        const bytes = encodeLeaf(written);
        expect(() => decodeLeaf(bytes.subarray(0, at % bytes.length), written.length, "x")).toThrow(Damaged);
        expect(() => decodeLeaf(Buffer.concat([bytes, Buffer.alloc(1)]), written.length, "x")).toThrow(Damaged);
        expect(() => decodeLeaf(bytes, written.length + 1, "x")).toThrow(Damaged);
      }),
    );
  });

  it("whose entries are not exactly their block are damage: too many places, none, gaps, overlaps, more than a frame holds", () => {
    const place = { pack: "00".repeat(16), frame: 1, offset: 64, stored: 100, codec: 0 };
    const entry =
      (...parts: readonly (readonly [holds: number, uses: number])[]) =>
      () =>
        encodeLeaf([{ id: Buffer.alloc(32, 1), places: parts.map(([holds, uses]) => ({ ...place, holds, uses })) }]);
    const whole = entry([0xff, 0xff])();
    expect(decodeLeaf(whole, 1, "x")[0]?.places).toHaveLength(1);
    expect(decodeLeaf(entry([0x0f, 0x0f], [0xff, 0xf0])(), 1, "x")[0]?.places).toHaveLength(2);
    expect(entry()).toThrow("has no place");
    for (const bad of [
      entry([0x0f, 0x0f]),
      entry([0x0f, 0xff]),
      entry([0xff, 0xff], [0xff, 0x01]),
      entry([0xff, 0x00]),
    ])
      expect(() => decodeLeaf(bad(), 1, "packs/x")).toThrow(Damaged);
    const tooMany = Buffer.from(whole);
    tooMany[4 + 2 + 2 + 16] = 9;
    expect(() => decodeLeaf(tooMany, 1, "packs/x")).toThrow(Damaged);
  });

  it("in messages between threads may have entries without places", () => {
    fc.assert(
      fc.property(slots, fc.nat(), (written, bare) => {
        const some = written.map((slot, index) =>
          slot && (bare >> (index % 16)) % 2 === 1 ? { ...slot, places: [] } : slot,
        );
        expect(decodeSlots(encodeSlots(some))).toEqual(some);
      }),
    );
  });
});

describe("unit results", () => {
  const counts = fc.record({
    read: fc.maxSafeNat(),
    nonZero: fc.maxSafeNat(),
    changed: fc.maxSafeNat(),
    stored: fc.maxSafeNat(),
  });
  const unit = fc
    .tuple(tables(fc.nat(6)), fc.maxSafeNat(), u32, counts)
    .map(([both, size, firstLeaf, counted]) => ({ size, firstLeaf, counts: counted, ...both }));

  it("read back as written", () => {
    fc.assert(
      fc.property(unit, (written) => {
        expect(decodePayload(encodePayload(written))).toEqual(written);
      }),
    );
  });

  it("that were cut, lengthened or are something else are refused", () => {
    fc.assert(
      fc.property(unit, fc.nat(), (written, at) => {
        const bytes = encodePayload(written);
        expect(() => decodePayload(bytes.subarray(0, at % bytes.length))).toThrow(SealRefused);
        expect(() => decodePayload(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow(SealRefused);
      }),
    );
  });
});

describe("roots", () => {
  const json = fc.dictionary(
    fc.string(),
    fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.integer())),
  );
  const root = fc
    .tuple(tables(fc.constant(3)), u32, json)
    .map(([both, mapEpoch, description]) => ({ size: 2 * 2 ** 29 + 512, mapEpoch, description, ...both }));

  it("read back as written", () => {
    fc.assert(
      fc.property(root, (written) => {
        expect(decodeRoot(encodeRoot(written), "x")).toEqual(written);
      }),
    );
  });

  it("are the same bytes whatever the order of the description's keys", () => {
    const base = { size: 512, mapEpoch: 0, packs: [], leaves: [undefined] };
    const one = encodeRoot({ ...base, description: { a: 1, b: { c: 2, d: [{ x: 1, y: 2 }] } } });
    const two = encodeRoot({ ...base, description: { b: { d: [{ y: 2, x: 1 }], c: 2 }, a: 1 } });
    expect(one).toEqual(two);
  });

  it("are sealed under their own name and a key of their own", async () => {
    const crypto = await openDomain(testDomain());
    const sealed = sealObject("root", Buffer.from("plain"), "roots/a", crypto);
    expect(unsealObject("root", sealed, "roots/a", crypto).toString()).toBe("plain");
    expect(() => unsealObject("root", sealed, "roots/b", crypto)).toThrow(Damaged);
    expect(() => unsealObject("root", Buffer.alloc(10), "roots/a", crypto)).toThrow(Damaged);
    const other = await openDomain(testDomain(2));
    expect(() => unsealObject("root", sealed, "roots/a", other)).toThrow(Damaged);
  });

  it.each(["", "a/b", "..", ".hidden", "a b", "x".repeat(129)])("cannot be named %j", (id) => {
    expect(() => rootName(id)).toThrow(RangeError);
  });
});

describe("packs", () => {
  it("name their frames in a sealed directory that reads back as written", () => {
    const lengths = fc.array(fc.integer({ min: 17, max: 5000 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(
        lengths,
        bytesOf(32).map((bytes) => createSecretKey(bytes)),
        bytesOf(16),
        (stored, key, id) => {
          let at = PACK_HEADER_BYTES;
          const records = stored.map((length, index) => {
            const record = {
              type: index % 2 === 0 ? FRAME_TYPE.block : FRAME_TYPE.leaf,
              codec: index % 2,
              offset: at,
              stored: length,
              rawLength: length * 2,
            };
            at += length;
            return record;
          });
          const pack = Buffer.alloc(at + packEndBytes(records.length));
          writePackHeader(pack, id, Buffer.alloc(32, 9));
          const { size, tag } = writePackEnd(pack, at, key, id, records);
          expect(size).toBe(pack.length);
          const name = id.toString("hex");
          expect(readPackHeader(pack.subarray(0, PACK_HEADER_BYTES), name)).toEqual(Buffer.alloc(32, 9));
          const footer = readPackFooter(pack.subarray(-PACK_FOOTER_BYTES), key, name, size);
          expect(footer.tag).toEqual(tag);
          const sealed = pack.subarray(footer.directoryAt, footer.directoryAt + footer.directoryBytes);
          expect(readPackDirectory(sealed, key, name, footer.directoryAt, footer.frames)).toEqual(records);
          expect(() => readPackFooter(pack.subarray(-PACK_FOOTER_BYTES), key, name, size + 1)).toThrow(Damaged);
        },
      ),
    );
  });
});

describe("live frames", () => {
  it("are the frames that were marked, each counted once, in the size that the table will take", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4095 }), { minLength: 1, maxLength: 60 }), (frames) => {
        const live = new LiveFrames();
        for (const frame of frames) live.mark({ pack: "p", frame, stored: 10 });
        const unique = [...new Set(frames)].sort((a, b) => a - b);
        const marks = live.of("p", 4096);
        expect(framesOf(marks.live)).toEqual(unique);
        expect(marks.liveBytes).toBe(unique.length * 10);
        expect(live.tableBytes(() => 4096)).toBe(packRecordBytes(4096, unique.length));
      }),
    );
  });

  it("of two units of one pack are put together, and never more bytes than the pack has", () => {
    const base = { pack: "p", size: 100, frames: 8, tag: Buffer.alloc(16), own: false, liveBytes: 60 };
    const a = { ...base, live: Uint8Array.of(0b0011) };
    const b = { ...base, live: Uint8Array.of(0b0110), own: true };
    expect(mergeFacts(a, b)).toMatchObject({ own: true, liveBytes: 100, live: Uint8Array.of(0b0111) });
    expect(mergeFacts(a, { ...b, size: 101 })).toBeUndefined();
    expect(mergeFacts(a, { ...b, tag: Buffer.alloc(16, 1) })).toBeUndefined();
  });
});
