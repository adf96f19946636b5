/** Reads frames back: every length and tag checked, every failure named after its object. */
import type { KeyObject } from "node:crypto";
import { Damaged } from "../ports/data-plane.ts";
import { ObjectMissing, type ObjectStore, RangeUnavailable } from "../ports/object-store.ts";
import type { DomainCrypto } from "./domain-crypto.ts";
import { decodeLeaf, type Slot } from "./leaf.ts";
import { FRAME_MAX_RAW_BYTES, TAG_BYTES } from "./numbers.ts";
import {
  FRAME_TYPE,
  type FrameRecord,
  type FrameType,
  frameAad,
  PACK_FOOTER_BYTES,
  PACK_HEADER_BYTES,
  packEndBytes,
  packName,
  readPackDirectory,
  readPackFooter,
  readPackHeader,
} from "./pack-format.ts";
import { pagesOf } from "./pages.ts";
import type { FramePlace, LeafRef } from "./places.ts";
import { mapName, NOTHING_MOVED, type Relocations, readRelocations, relocated } from "./relocations.ts";
import { KIND, nonceOf, openSealed } from "./sealed-box.ts";
import { CODEC, decompress } from "./zstd.ts";

/** Keys of packs opened lately; a restore goes through packs in order, so few suffice. */
const KEYS_KEPT = 256;

/** This thread's memory for the sealed bytes of one frame; undefined while one is being read into it. */
let sealedBytes: Buffer | undefined = pagesOf(FRAME_MAX_RAW_BYTES + TAG_BYTES);

/** What the end of a pack says about it. */
export interface PackEnd {
  readonly size: number;
  readonly tag: Buffer;
  readonly records: readonly FrameRecord[];
}

/** A pack that is not there. Its frames may have moved since the map was read. */
export class PackGone extends Damaged {}

/**
 * Reads the packs of one domain, each frame where the map says that it is now. A missing or short pack is Damaged: whatever
 * names a pack promised that it exists.
 */
export class PackReader {
  readonly #objects: ObjectStore;
  readonly #crypto: DomainCrypto;
  readonly #keys = new Map<string, KeyObject>();
  readonly #opened = Buffer.allocUnsafeSlow(FRAME_MAX_RAW_BYTES);
  #map: Relocations;

  constructor(objects: ObjectStore, crypto: DomainCrypto, map: Relocations = NOTHING_MOVED) {
    this.#objects = objects;
    this.#crypto = crypto;
    this.#map = map;
  }

  /** A reader that knows the newest map. @throws StoreFailed */
  static async open(objects: ObjectStore, crypto: DomainCrypto): Promise<PackReader> {
    return new PackReader(objects, crypto, await readRelocations(objects, crypto));
  }

  /** Where a frame is now. */
  at<P extends FramePlace>(place: P): P {
    return relocated(this.#map, place);
  }

  /** Reads the map again. @returns whether there is a newer one @throws StoreFailed */
  async refresh(): Promise<boolean> {
    const before = this.#map.epoch;
    this.#map = await readRelocations(this.#objects, this.#crypto);
    return this.#map.epoch > before;
  }

  /** A pack is not there: its own damage, unless the map that would tell where its frames are cannot be read. */
  gone(pack: string): PackGone {
    if (!this.#map.unreadable) return new PackGone(packName(pack), "is missing");
    return new PackGone(mapName(this.#map.epoch), `cannot be read, and pack ${pack} is missing: it may have moved`);
  }

  /** Exactly `length` bytes of a pack, perhaps in `into`. @throws Damaged; StoreFailed */
  async bytes(pack: string, offset: number, length: number, into?: Buffer): Promise<Buffer> {
    const name = packName(pack);
    const bytes = await this.#objects.get(name, { offset, length }, into).catch((error: unknown) => {
      throw error instanceof ObjectMissing ? this.gone(pack) : asDamage(name, error);
    });
    if (bytes.length !== length) throw new Damaged(name, `gave ${bytes.length} bytes instead of ${length}`);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads the header unless its key is known, so that `open` can work without waiting. @throws Damaged; StoreFailed */
  async prepare(pack: string): Promise<KeyObject> {
    const known = this.#keys.get(pack);
    if (known !== undefined) return known;
    const key = this.#crypto.key("pack", readPackHeader(await this.bytes(pack, 0, PACK_HEADER_BYTES), pack));
    const oldest = this.#keys.keys().next();
    if (this.#keys.size >= KEYS_KEPT && !oldest.done) this.#keys.delete(oldest.value);
    this.#keys.set(pack, key);
    return key;
  }

  /** The plain bytes of a frame whose sealed bytes were read already; in memory of their own, or in `into`. @throws Damaged */
  open(place: FramePlace, type: FrameType, rawLength: number, sealed: Buffer, key: KeyObject, into?: Buffer): Buffer {
    const name = packName(place.pack);
    if (sealed.length !== place.stored) throw new Damaged(name, `frame ${place.frame} ends early`);
    if (rawLength > FRAME_MAX_RAW_BYTES) throw new Damaged(name, `frame ${place.frame} is longer than a block`);
    const aad = frameAad(Buffer.from(place.pack, "hex"), place.frame, { ...place, type, rawLength });
    // What is decoded next leaves the opened bytes at once; what is stored raw is the result itself.
    const opened = place.codec === CODEC.raw ? into : this.#opened;
    const bytes = openSealed(sealed, key, nonceOf(KIND.frame, place.frame), aad, opened);
    if (bytes === undefined) throw new Damaged(name, `frame ${place.frame} does not authenticate`);
    return decompress(bytes, place.codec, rawLength, name, into);
  }

  /** The plain bytes of one frame, wherever it is now; in memory of their own, or in `into`. @throws Damaged; StoreFailed */
  async frame(place: FramePlace, type: FrameType, rawLength: number, into?: Buffer): Promise<Buffer> {
    try {
      return await this.#frame(this.at(place), type, rawLength, into);
    } catch (error) {
      if (!(error instanceof PackGone) || !(await this.refresh())) throw error;
      return this.#frame(this.at(place), type, rawLength, into);
    }
  }

  async #frame(place: FramePlace, type: FrameType, rawLength: number, into?: Buffer): Promise<Buffer> {
    const key = await this.prepare(place.pack);
    // Lent to one frame at a time; those that are read beside it get memory of their own.
    const lent = sealedBytes;
    sealedBytes = undefined;
    try {
      const sealed = await this.bytes(place.pack, place.offset, place.stored, lent);
      return this.open(place, type, rawLength, sealed, key, into);
    } finally {
      sealedBytes ??= lent;
    }
  }

  /**
   * The slots of a leaf, as it names their places: `blocks` of them when the caller knows how many there must be.
   * @throws Damaged; StoreFailed
   */
  async leaf(ref: Pick<LeafRef, "place" | "rawLength" | "id">, blocks: number | undefined): Promise<Slot[]> {
    const plain = await this.frame(ref.place, FRAME_TYPE.leaf, ref.rawLength);
    const { pack, frame } = this.at(ref.place);
    if (!this.#crypto.id(plain).equals(ref.id)) throw new Damaged(packName(pack), `frame ${frame} is another leaf`);
    return decodeLeaf(plain, blocks, packName(pack));
  }

  /**
   * Header, footer and directory of a pack whose size is known. With the number of its frames they are two requests, else three.
   * @throws Damaged; StoreFailed
   */
  async end(pack: string, size: number, frames?: number): Promise<PackEnd> {
    const name = packName(pack);
    if (size < PACK_HEADER_BYTES + PACK_FOOTER_BYTES) throw new Damaged(name, `is only ${size} bytes long`);
    // Not the kept key: this is asked to find out whether the header is still what it was.
    this.#keys.delete(pack);
    const expected = frames === undefined ? PACK_FOOTER_BYTES : packEndBytes(frames);
    const tailBytes = Math.min(size - PACK_HEADER_BYTES, Math.max(expected, PACK_FOOTER_BYTES));
    const [key, tail] = await Promise.all([this.prepare(pack), this.bytes(pack, size - tailBytes, tailBytes)]);
    const footer = readPackFooter(tail.subarray(-PACK_FOOTER_BYTES), key, pack, size);
    const from = footer.directoryAt - (size - tailBytes);
    const sealed =
      from >= 0
        ? tail.subarray(from, from + footer.directoryBytes)
        : await this.bytes(pack, footer.directoryAt, footer.directoryBytes);
    const records = readPackDirectory(sealed, key, pack, footer.directoryAt, footer.frames);
    return { size, tag: footer.tag, records };
  }

  /** Bytes of a pack, or undefined when there is none. @throws StoreFailed */
  size(pack: string): Promise<number | undefined> {
    return this.#objects.size(packName(pack));
  }
}

/** Shortness of an object that must be whole is damage; anything else stays what it is. */
function asDamage(name: string, error: unknown): unknown {
  if (error instanceof RangeUnavailable) return new Damaged(name, "ends early");
  return error;
}
