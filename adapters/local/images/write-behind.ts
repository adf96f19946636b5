/** How are writes taken over at once and written while their caller goes on? */
import { bufferPool } from "./aligned-memory.ts";

// Measured with two threads that restore a disk of 4 GiB: one buffer is filled while two are being written; larger or
// more ones gain nothing.
const BUFFER_BYTES = 2 * 1024 * 1024;
const BUFFERS = 3;
/** What shares a page of the page cache counts as the same bytes. */
const PAGE = 4096;

/** One order of writes. Calls follow one another: a promise is awaited before the next call. */
export interface WriteBehind {
  /**
   * Takes the bytes over; a promise only when they have to wait for room. Adjacent ones are written together.
   * @throws what an earlier write ended with, from then on always
   */
  write(offset: number, bytes: Uint8Array): void | Promise<void>;
  /** Makes sure that nothing of the range is still to be written; a promise only when something is. @throws as `write` */
  settle(offset: number, length: number): void | Promise<void>;
  /** Resolves when everything taken over is written. @throws as `write` */
  drain(): Promise<void>;
  /** Ends like `drain`, whatever has failed; throws only what nobody was told of yet. */
  end(): Promise<void>;
}

interface Piece {
  readonly buffer: Uint8Array;
  readonly start: number;
  end: number;
}

/** The buffers of this thread: targets are opened for every unit of work. */
const buffers = bufferPool(BUFFER_BYTES, BUFFERS);

/** `put` writes all the bytes, which begin at a page of memory, or rejects; several run at once on ranges that share no page. */
export function writeBehind(put: (offset: number, bytes: Uint8Array) => Promise<void>): WriteBehind {
  const underWay = new Map<Piece, Promise<void>>();
  let filling: Piece | undefined;
  let failure: { readonly error: unknown } | undefined;
  let told = false;

  function check(): void {
    if (failure === undefined) return;
    told = true;
    throw failure.error;
  }

  async function run(piece: Piece): Promise<void> {
    try {
      await put(piece.start, piece.buffer.subarray(0, piece.end - piece.start));
    } catch (error) {
      failure ??= { error };
    } finally {
      underWay.delete(piece);
      buffers.give(piece.buffer);
    }
  }

  function flush(): void {
    if (filling === undefined) return;
    const piece = filling;
    filling = undefined;
    underWay.set(piece, run(piece));
  }

  async function written(): Promise<void> {
    flush();
    await Promise.all(underWay.values());
  }

  function overlaps(offset: number, length: number): boolean {
    for (const { start, end } of underWay.keys()) {
      if (offset < Math.ceil(end / PAGE) * PAGE && offset + length > start - (start % PAGE)) return true;
    }
    return false;
  }

  /** Makes `filling` end at the offset, with room; a promise when that has to wait. */
  function roomAt(offset: number, length: number): Promise<unknown> | undefined {
    if (filling !== undefined && (filling.end !== offset || offset - filling.start === BUFFER_BYTES)) flush();
    // Two writes of the same bytes could end in any order.
    if (overlaps(offset, length)) return written();
    if (filling !== undefined) return undefined;
    if (underWay.size >= BUFFERS) return Promise.race(underWay.values());
    filling = { buffer: buffers.take(), start: offset, end: offset };
    return undefined;
  }

  function write(offset: number, bytes: Uint8Array): void | Promise<void> {
    check();
    for (let done = 0; done < bytes.length; ) {
      const at = offset + done;
      const rest = bytes.subarray(done);
      const wait = roomAt(at, rest.length);
      if (wait !== undefined) return wait.then(() => write(at, rest));
      const piece = filling as unknown as Piece;
      const part = rest.subarray(0, BUFFER_BYTES - (at - piece.start));
      piece.buffer.set(part, at - piece.start);
      piece.end += part.length;
      done += part.length;
      if (piece.end - piece.start === BUFFER_BYTES) flush();
    }
  }

  return {
    write,
    settle(offset, length) {
      check();
      if (filling !== undefined && offset < filling.end && offset + length > filling.start) flush();
      if (overlaps(offset, length)) return written().then(check);
    },
    async drain() {
      await written();
      check();
    },
    async end() {
      await written();
      if (!told) check();
    },
  };
}
