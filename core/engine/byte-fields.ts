/** Little-endian fields, written into a growing buffer and read back with bounds checks. */
import { Damaged } from "../ports/data-plane.ts";

/** Appends fields; `bytes()` is what was written so far. */
export class FieldWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(capacity = 1024) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  u8(value: number): this {
    this.#room(1);
    this.#length = this.#buffer.writeUInt8(value, this.#length);
    return this;
  }

  u16(value: number): this {
    this.#room(2);
    this.#length = this.#buffer.writeUInt16LE(value, this.#length);
    return this;
  }

  u32(value: number): this {
    this.#room(4);
    this.#length = this.#buffer.writeUInt32LE(value, this.#length);
    return this;
  }

  /** Safe integers only. */
  u64(value: number): this {
    this.#room(8);
    this.#length = this.#buffer.writeBigUInt64LE(BigInt(value), this.#length);
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #room(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

/** Reads fields in order; whatever does not fit is damage of the named object. @throws Damaged */
export class FieldReader {
  readonly #buffer: Buffer;
  readonly #object: string;
  #at = 0;

  constructor(bytes: Uint8Array, object: string) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#object = object;
  }

  u8(): number {
    return this.#buffer.readUInt8(this.#advance(1));
  }

  u16(): number {
    return this.#buffer.readUInt16LE(this.#advance(2));
  }

  u32(): number {
    return this.#buffer.readUInt32LE(this.#advance(4));
  }

  u64(): number {
    const value = this.#buffer.readBigUInt64LE(this.#advance(8));
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) this.fail(`number ${value} is out of range`);
    return Number(value);
  }

  /** A view, not a copy. */
  raw(length: number): Buffer {
    const at = this.#advance(length);
    return this.#buffer.subarray(at, at + length);
  }

  /** Reserved bytes are zero in this version; anything else was not written by it. */
  reserved(length: number): void {
    for (let left = length; left > 0; left--) if (this.u8() !== 0) this.fail("a reserved byte is not zero");
  }

  /** Nothing may follow. */
  end(): void {
    if (this.#at !== this.#buffer.length) this.fail(`${this.#buffer.length - this.#at} bytes too many`);
  }

  fail(reason: string): never {
    throw new Damaged(this.#object, reason);
  }

  #advance(length: number): number {
    const at = this.#at;
    if (at + length > this.#buffer.length) this.fail("ends early");
    this.#at = at + length;
    return at;
  }
}
