/** Fills packs with frames, one after the other; a full pack is put while the next one is being filled. */
import { type KeyObject, randomBytes } from "node:crypto";
import { type ObjectStore, StoreFailed } from "../ports/object-store.ts";
import type { DomainCrypto } from "./domain-crypto.ts";
import {
  FRAME_MAX_RAW_BYTES,
  PACK_ID_BYTES,
  PACK_MAX_FRAMES,
  PACK_TARGET_BYTES,
  SALT_BYTES,
  TAG_BYTES,
} from "./numbers.ts";
import {
  type FrameRecord,
  type FrameType,
  frameAad,
  PACK_HEADER_BYTES,
  packEndBytes,
  packName,
  writePackEnd,
  writePackHeader,
} from "./pack-format.ts";
import { pagesOf } from "./pages.ts";
import type { FramePlace } from "./places.ts";
import { KIND, nonceOf, sealInto } from "./sealed-box.ts";
import { compress } from "./zstd.ts";

/** Buffers of one plane, kept from unit to unit: allocating 17 MiB anew for each pack would triple the process. */
export class PackBuffers {
  readonly #spare: Buffer[] = [];

  take(): Buffer {
    const most = PACK_TARGET_BYTES + FRAME_MAX_RAW_BYTES + TAG_BYTES + packEndBytes(PACK_MAX_FRAMES);
    return this.#spare.pop() ?? pagesOf(most);
  }

  give(buffer: Buffer): void {
    if (this.#spare.length < 2) this.#spare.push(buffer);
  }
}

/** A pack that was put. */
export interface WrittenPack {
  readonly pack: string;
  readonly size: number;
  readonly frames: number;
  readonly tag: Buffer;
}

interface OpenPack {
  readonly id: Buffer;
  readonly pack: string;
  readonly key: KeyObject;
  readonly buffer: Buffer;
  readonly records: FrameRecord[];
  at: number;
}

/**
 * One attempt's packs. Ids and salts are drawn here and live nowhere else: whatever is resumed or retried makes a new
 * stream, so no (key, nonce) pair ever seals twice.
 */
export class PackStream {
  readonly #objects: ObjectStore;
  readonly #crypto: DomainCrypto;
  readonly #buffers: PackBuffers;
  readonly #level: number;
  readonly #written: WrittenPack[] = [];
  #open: OpenPack | undefined;
  /** The put under way; with the open pack that makes two buffers. */
  #putting: Promise<void> | undefined;

  constructor(objects: ObjectStore, crypto: DomainCrypto, buffers: PackBuffers, level: number) {
    this.#objects = objects;
    this.#crypto = crypto;
    this.#buffers = buffers;
    this.#level = level;
  }

  /** Is a put under way? It gets on only while the event loop turns. */
  get putting(): boolean {
    return this.#putting !== undefined;
  }

  /** Makes room for one frame; a promise only when an earlier put must end first. @throws what the put threw */
  room(): Promise<void> | undefined {
    const open = this.#open;
    if (open !== undefined && open.at < PACK_TARGET_BYTES && open.records.length < PACK_MAX_FRAMES) return undefined;
    if (open !== undefined) return this.#close(open).then(() => this.#begin());
    this.#begin();
    return undefined;
  }

  /** Appends one frame; `room` must have been called before. */
  append(type: FrameType, plain: Buffer): FramePlace {
    const { codec, bytes } = compress(plain, this.#level);
    return this.appendSealed(type, codec, bytes, plain.length);
  }

  /** Appends a frame whose content is encoded already, as it is: `rawLength` is that of its plain bytes. */
  appendSealed(type: FrameType, codec: number, bytes: Buffer, rawLength: number): FramePlace {
    const open = this.#open;
    if (open === undefined) throw new Error("append without room");
    const record = { type, codec, stored: bytes.length + TAG_BYTES, rawLength, offset: open.at };
    const frame = open.records.length;
    const aad = frameAad(open.id, frame, record);
    open.at += sealInto(open.buffer, open.at, open.key, nonceOf(KIND.frame, frame), aad, bytes);
    open.records.push(record);
    return { pack: open.pack, frame, offset: record.offset, stored: record.stored, codec };
  }

  /** Puts what is left; all packs of the attempt, once every one of them is durable. */
  async finish(): Promise<readonly WrittenPack[]> {
    if (this.#open !== undefined && this.#open.records.length > 0) await this.#close(this.#open);
    await this.#putting;
    this.#giveUpOpen();
    return this.#written;
  }

  /** Waits for the put under way and gives up the rest; what was put already is garbage for the collector. */
  async abandon(): Promise<void> {
    await this.#putting?.catch(() => undefined);
    this.#giveUpOpen();
  }

  /** A pack without frames is never put: its id and salt are forgotten with it. */
  #giveUpOpen(): void {
    if (this.#open !== undefined) this.#buffers.give(this.#open.buffer);
    this.#open = undefined;
  }

  #begin(): void {
    const id = randomBytes(PACK_ID_BYTES);
    const salt = randomBytes(SALT_BYTES);
    const buffer = this.#buffers.take();
    writePackHeader(buffer, id, salt);
    const key = this.#crypto.key("pack", salt);
    this.#open = { id, pack: id.toString("hex"), key, buffer, records: [], at: PACK_HEADER_BYTES };
  }

  async #close(open: OpenPack): Promise<void> {
    // Only when the put before has ended is there a buffer for the next pack.
    await this.#putting;
    this.#open = undefined;
    const { size, tag } = writePackEnd(open.buffer, open.at, open.key, open.id, open.records);
    this.#putting = this.#put(open, { pack: open.pack, size, frames: open.records.length, tag });
    // Whoever awaits it next gets the error; until then it must not count as unhandled.
    this.#putting.catch(() => undefined);
  }

  async #put(open: OpenPack, written: WrittenPack): Promise<void> {
    const name = packName(open.pack);
    const bytes = open.buffer.subarray(0, written.size);
    try {
      // "exists" is our own put whose answer was lost and that the store tried again: 128 random bits do not collide.
      const outcome = await this.#objects.putIfAbsent(name, bytes);
      if (outcome === "exists" && !bytes.equals(await this.#objects.get(name)))
        throw new StoreFailed(`${name} exists with other bytes`);
      this.#written.push(written);
      // Cleared only on success: a failed put stays here for whoever awaits it next.
      this.#putting = undefined;
    } finally {
      this.#buffers.give(open.buffer);
    }
  }
}
