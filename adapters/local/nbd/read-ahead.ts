/** How is what will be read next on its way already, in bounded memory? */
import type { NbdConnection } from "./connection.ts";

/** Requests on their way or waiting to be taken; with the default request, so many MiB. */
const WINDOW = 8;

interface Piece {
  readonly offset: number;
  readonly end: number;
  readonly buffer: Buffer;
  readonly done: Promise<void>;
  arrived: boolean;
}

/** One read at a time. Reads may be of anything; those in the order that was announced find their bytes here. */
export class ReadAhead {
  readonly #connection: NbdConnection;
  /** Announced and not asked for yet, ascending: start and end in bytes. */
  #announced: [number, number][] = [];
  /** Asked for, ascending. */
  readonly #pieces: Piece[] = [];
  readonly #free: Buffer[] = [];
  #buffers = 0;

  constructor(connection: NbdConnection) {
    this.#connection = connection;
  }

  /** Replaces what was announced before. Ranges ascend and do not touch. */
  announce(ranges: readonly (readonly [number, number])[]): void {
    const first = ranges[0]?.[0] ?? 0;
    if (first < (this.#pieces.at(-1)?.end ?? 0)) this.#dropBefore(Number.POSITIVE_INFINITY);
    this.#announced = ranges.map(([start, end]) => [start, end]);
    this.#fill();
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    const end = offset + into.length;
    let waited = false;
    for (let at = offset; at < end; ) {
      this.#dropBefore(at);
      this.#fill();
      const piece = this.#pieces[0];
      if (piece === undefined || piece.offset > at) {
        const stop = Math.min(end, piece?.offset ?? end);
        this.#announced = later(this.#announced, stop);
        await this.#connection.read(at, into.subarray(at - offset, stop - offset));
        at = stop;
        waited = true;
        continue;
      }
      if (!piece.arrived) {
        waited = true;
        await piece.done.catch((error: unknown) => {
          this.#drop(piece);
          throw error;
        });
      }
      const stop = Math.min(end, piece.end);
      into.set(piece.buffer.subarray(at - piece.offset, stop - piece.offset), at - offset);
      at = stop;
      if (stop === piece.end) this.#drop(piece);
    }
    this.#fill();
    // All was here already: the socket gets its turn all the same, or nothing would arrive while the caller works.
    if (!waited) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Asks for no more. */
  stop(): void {
    this.#announced = [];
  }

  #dropBefore(offset: number): void {
    for (let piece = this.#pieces[0]; piece !== undefined && piece.end <= offset; piece = this.#pieces[0])
      this.#drop(piece);
    this.#announced = later(this.#announced, offset);
  }

  /** Gives a piece up; its buffer is used again when nothing can be written into it any more. */
  #drop(piece: Piece): void {
    const index = this.#pieces.indexOf(piece);
    if (index >= 0) this.#pieces.splice(index, 1);
    const release = (): void => {
      this.#free.push(piece.buffer);
    };
    if (piece.arrived) release();
    else piece.done.then(release, release);
  }

  #fill(): void {
    const most = this.#connection.requestBytes;
    for (let range = this.#announced[0]; range !== undefined; range = this.#announced[0]) {
      const buffer = this.#buffer(most);
      if (buffer === undefined) return;
      const [offset, stop] = range;
      const end = Math.min(stop, offset + most);
      if (end === stop) this.#announced.shift();
      else range[0] = end;
      const done = this.#connection.read(offset, buffer.subarray(0, end - offset));
      const piece: Piece = { offset, end, buffer, done, arrived: false };
      done.then(
        () => {
          piece.arrived = true;
        },
        // Told to whoever reads these bytes; until then nobody listens.
        () => undefined,
      );
      this.#pieces.push(piece);
    }
  }

  #buffer(bytes: number): Buffer | undefined {
    const free = this.#free.pop();
    if (free !== undefined || this.#buffers === WINDOW) return free;
    this.#buffers += 1;
    return Buffer.allocUnsafeSlow(bytes);
  }
}

/** What of ascending ranges is at or behind `offset`. */
function later(ranges: [number, number][], offset: number): [number, number][] {
  const first = ranges[0];
  if (first === undefined || first[0] >= offset) return ranges;
  return ranges.filter(([, end]) => end > offset).map(([start, end]) => [Math.max(start, offset), end]);
}
