/** Reads frames back: every length and tag checked, every failure named after its object. */
import { Damaged } from "../ports/data-plane.ts";
import { ObjectMissing, type ObjectStore, RangeUnavailable } from "../ports/object-store.ts";
import type { DomainCrypto } from "./domain-crypto.ts";
import { blocksOfLeaf } from "./geometry.ts";
import { decodeLeaf, type Slot } from "./leaf.ts";
import { FRAME_MAX_RAW_BYTES } from "./numbers.ts";
import {
  FRAME_TYPE,
  type FrameRecord,
  type FrameType,
  frameAad,
  PACK_FOOTER_BYTES,
  PACK_HEADER_BYTES,
  packName,
  readPackDirectory,
  readPackFooter,
  readPackHeader,
} from "./pack-format.ts";
import type { FramePlace, LeafRef } from "./places.ts";
import { KIND, nonceOf, openSealed } from "./sealed-box.ts";
import { decompress } from "./zstd.ts";

/** Keys of packs opened lately; a restore goes through packs in order, so few suffice. */
const KEYS_KEPT = 256;

/** What the end of a pack says about it. */
export interface PackEnd {
  readonly size: number;
  readonly tag: Buffer;
  readonly records: readonly FrameRecord[];
}

/** Reads the packs of one domain. A missing or short pack is Damaged: whatever names a pack promised that it exists. */
export class PackReader {
  readonly #objects: ObjectStore;
  readonly #crypto: DomainCrypto;
  readonly #keys = new Map<string, Buffer>();

  constructor(objects: ObjectStore, crypto: DomainCrypto) {
    this.#objects = objects;
    this.#crypto = crypto;
  }

  /** Exactly `length` bytes of a pack. @throws Damaged; StoreFailed */
  async bytes(pack: string, offset: number, length: number): Promise<Buffer> {
    const name = packName(pack);
    const bytes = await this.#objects.get(name, { offset, length }).catch((error: unknown) => {
      throw asDamage(name, error);
    });
    if (bytes.length !== length) throw new Damaged(name, `gave ${bytes.length} bytes instead of ${length}`);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads the header unless its key is known, so that `open` can work without waiting. @throws Damaged; StoreFailed */
  async prepare(pack: string): Promise<Buffer> {
    const known = this.#keys.get(pack);
    if (known !== undefined) return known;
    const key = this.#crypto.packKey(readPackHeader(await this.bytes(pack, 0, PACK_HEADER_BYTES), pack));
    const oldest = this.#keys.keys().next();
    if (this.#keys.size >= KEYS_KEPT && !oldest.done) this.#keys.delete(oldest.value);
    this.#keys.set(pack, key);
    return key;
  }

  /** The plain bytes of a frame whose sealed bytes were read already. @throws Damaged */
  open(place: FramePlace, type: FrameType, rawLength: number, sealed: Buffer, key: Buffer): Buffer {
    const name = packName(place.pack);
    if (sealed.length !== place.stored) throw new Damaged(name, `frame ${place.frame} ends early`);
    if (rawLength > FRAME_MAX_RAW_BYTES) throw new Damaged(name, `frame ${place.frame} is longer than a block`);
    const aad = frameAad(Buffer.from(place.pack, "hex"), place.frame, { ...place, type, rawLength });
    const bytes = openSealed(sealed, key, nonceOf(KIND.frame, place.frame), aad);
    if (bytes === undefined) throw new Damaged(name, `frame ${place.frame} does not authenticate`);
    return decompress(bytes, place.codec, rawLength, name);
  }

  /** The slots of leaf number `leaf` of a disk of `size` bytes. @throws Damaged, FormatTooNew; StoreFailed */
  async leaf(ref: LeafRef, size: number, leaf: number): Promise<Slot[]> {
    const { place } = ref;
    const name = packName(place.pack);
    const key = await this.prepare(place.pack);
    const sealed = await this.bytes(place.pack, place.offset, place.stored);
    const plain = this.open(place, FRAME_TYPE.leaf, ref.rawLength, sealed, key);
    if (!this.#crypto.id(plain).equals(ref.id)) throw new Damaged(name, `frame ${place.frame} is another leaf`);
    return decodeLeaf(plain, blocksOfLeaf(size, leaf), name);
  }

  /** Header, footer and directory of a pack whose size is known. @throws Damaged; StoreFailed */
  async end(pack: string, size: number): Promise<PackEnd> {
    const name = packName(pack);
    if (size < PACK_HEADER_BYTES + PACK_FOOTER_BYTES) throw new Damaged(name, `is only ${size} bytes long`);
    // Not the kept key: this is asked to find out whether the header is still what it was.
    this.#keys.delete(pack);
    const key = await this.prepare(pack);
    const footerAt = size - PACK_FOOTER_BYTES;
    const footer = readPackFooter(await this.bytes(pack, footerAt, PACK_FOOTER_BYTES), key, pack, size);
    const sealed = await this.bytes(pack, footer.directoryAt, footer.directoryBytes);
    const records = readPackDirectory(sealed, key, pack, footer.directoryAt, footer.frames);
    return { size, tag: footer.tag, records };
  }

  /** Checks that a pack exists with exactly `size` bytes. @throws Damaged; StoreFailed */
  async present(pack: string, size: number): Promise<void> {
    const name = packName(pack);
    const found = await this.#objects.size(name);
    if (found === undefined) throw new Damaged(name, "is missing");
    if (found !== size) throw new Damaged(name, `has ${found} bytes instead of ${size}`);
  }
}

/** Absence and shortness of an object that must be there are damage; anything else stays what it is. */
function asDamage(name: string, error: unknown): unknown {
  if (error instanceof ObjectMissing) return new Damaged(name, "is missing");
  if (error instanceof RangeUnavailable) return new Damaged(name, "ends early");
  return error;
}
