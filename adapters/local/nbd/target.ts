/** How is an NBD export written: many requests at once, and no error forgotten? */
import { type BlockTarget, type TargetRef, TargetUnusable } from "../../../core/ports/blocks.ts";
import { connectNbd, type NbdConnection, type NbdOptions } from "./connection.ts";
import { EXPORT_FLAG } from "./protocol.ts";
import { checkRange, exportIn } from "./references.ts";
import { unevenSize } from "./source.ts";

/** Copies of what is being written; with the default request, so many MiB. */
const BUFFERS = 8;
/** Requests on their way, zeroing included: as many as QEMU serves at once for one client. */
const IN_FLIGHT = 16;
/** A request to zero has no bytes, but a server without holes writes them all before it answers. */
const ZERO_PIECE = 32 * 1024 * 1024;
const ZEROS = Buffer.alloc(1024 * 1024);

/**
 * Opens an export for writing. `write` and `zero` return before the server has answered; what went wrong then is thrown by the
 * next call, at the latest by `sync`.
 * @throws TargetUnusable when the server cannot be reached, or the export is missing, read-only, of another size, or cannot be flushed
 */
export async function openNbdTarget(target: TargetRef, options: NbdOptions): Promise<BlockTarget> {
  const { address } = exportIn(target);
  const connection = await connectNbd(address, [], options).catch((error: unknown) => {
    throw new TargetUnusable((error as Error).message, { cause: error });
  });
  const why = unusable(connection, target.size);
  if (why === undefined) return new NbdTarget(connection);
  await connection.close();
  throw new TargetUnusable(why);
}

/** Why an export cannot be written as a target of `size` bytes; undefined when it can. */
export function unusable(connection: NbdConnection, size: number): string | undefined {
  const { facts, url } = connection;
  if (connection.can(EXPORT_FLAG.readOnly)) return `${url} is read-only`;
  if (facts.size !== size) return `${url} has ${facts.size} bytes instead of ${size}`;
  if (facts.size % facts.minimumBytes !== 0) return unevenSize(url, connection);
  // Without it nobody can say that a restored disk survives power loss.
  if (!connection.can(EXPORT_FLAG.flush)) return `${url}: its server cannot be asked to flush (NBD_FLAG_SEND_FLUSH)`;
  return undefined;
}

interface Flight {
  readonly offset: number;
  readonly end: number;
  readonly landed: Promise<void>;
}

class NbdTarget implements BlockTarget {
  readonly size: number;
  readonly #connection: NbdConnection;
  readonly #flights = new Set<Flight>();
  readonly #free: Buffer[] = [];
  #buffers = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(connection: NbdConnection) {
    this.size = connection.facts.size;
    this.#connection = connection;
  }

  write(offset: number, bytes: Uint8Array): void | Promise<void> {
    this.#check(offset, bytes.length);
    const buffer = bytes.length <= this.#connection.requestBytes ? this.#room(offset, bytes.length) : undefined;
    if (buffer === undefined) return this.#writeInPieces(offset, bytes);
    this.#launchWrite(buffer, offset, bytes);
    return this.#turn();
  }

  zero(offset: number, length: number): Promise<void> {
    this.#check(offset, length);
    return this.#connection.can(EXPORT_FLAG.writeZeroes)
      ? this.#zeroInPieces(offset, length)
      : this.#writeZeros(offset, length);
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    this.#check(offset, into.length);
    await this.#landing(offset, offset + into.length);
    await this.#connection.read(offset, into);
  }

  async sync(): Promise<void> {
    await this.#landing(0, Number.POSITIVE_INFINITY);
    await this.#connection.flush();
  }

  async close(): Promise<void> {
    // What failed and was not told yet concerns nobody any more: without `sync` nothing was promised.
    await Promise.all([...this.#flights].map(({ landed }) => landed));
    await this.#connection.close();
  }

  #check(offset: number, length: number): void {
    this.#raise();
    checkRange(this.#connection.url, this.size, this.#connection.facts.minimumBytes, offset, length);
  }

  #raise(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #writeInPieces(offset: number, bytes: Uint8Array): Promise<void> {
    for (const [at, length] of this.#connection.cut(offset, bytes.length)) {
      await this.#landing(at, at + length);
      let buffer = this.#room(at, length);
      while (buffer === undefined) {
        await this.#oneLanding();
        buffer = this.#room(at, length);
      }
      this.#launchWrite(buffer, at, bytes.subarray(at - offset, at - offset + length));
    }
    await this.#turn();
  }

  async #zeroInPieces(offset: number, length: number): Promise<void> {
    const { minimumBytes, maximumBytes } = this.#connection.facts;
    const most = Math.max(minimumBytes, Math.min(ZERO_PIECE, maximumBytes));
    for (let at = offset; at < offset + length; at += most) {
      const end = Math.min(at + most, offset + length);
      await this.#landing(at, end);
      while (this.#flights.size >= IN_FLIGHT) await this.#oneLanding();
      this.#launch(at, end, this.#connection.writeZeroes(at, end - at));
    }
  }

  async #writeZeros(offset: number, length: number): Promise<void> {
    for (let at = offset; at < offset + length; at += ZEROS.length)
      await this.#writeInPieces(at, ZEROS.subarray(0, Math.min(ZEROS.length, offset + length - at)));
  }

  /** A buffer, if there is room for one more request and none on its way touches the same bytes: servers keep no order. */
  #room(offset: number, length: number): Buffer | undefined {
    if (this.#flights.size >= IN_FLIGHT || this.#touching(offset, offset + length).length > 0) return undefined;
    const free = this.#free.pop();
    if (free !== undefined || this.#buffers === BUFFERS) return free;
    this.#buffers += 1;
    return Buffer.allocUnsafeSlow(this.#connection.requestBytes);
  }

  #launchWrite(buffer: Buffer, offset: number, bytes: Uint8Array): void {
    const copy = buffer.subarray(0, bytes.length);
    copy.set(bytes);
    const written = this.#connection.write(offset, copy).finally(() => this.#free.push(buffer));
    this.#launch(offset, offset + bytes.length, written);
  }

  #launch(offset: number, end: number, request: Promise<unknown>): void {
    const landed = request.then(
      () => undefined,
      (error: unknown) => {
        this.#failure ??= { error };
      },
    );
    const flight = { offset, end, landed };
    this.#flights.add(flight);
    landed.then(() => this.#flights.delete(flight));
  }

  #touching(offset: number, end: number): Flight[] {
    return [...this.#flights].filter((flight) => flight.offset < end && flight.end > offset);
  }

  /** Resolves when nothing on its way touches a range. @throws what went wrong meanwhile */
  async #landing(offset: number, end: number): Promise<void> {
    await Promise.all(this.#touching(offset, end).map(({ landed }) => landed));
    this.#raise();
  }

  async #oneLanding(): Promise<void> {
    await Promise.race([...this.#flights].map(({ landed }) => landed));
    // The flight and its buffer are put away by those who waited for it before us.
    await Promise.resolve();
    this.#raise();
  }

  /** Lets the socket send what it has: a caller that never waits would keep it from doing so. */
  #turn(): Promise<void> | undefined {
    if (this.#connection.backlog === 0) return undefined;
    return new Promise((resolve) => setImmediate(resolve));
  }
}
